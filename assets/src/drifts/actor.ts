import { driftText } from '../text';

/** Who did it, in words: a person's address, or an API key's name. */
export function actorName(email: string): string {
  return email.startsWith('api-key:') ? driftText.timeline.key(email.slice('api-key:'.length)) : email;
}
