import { scansText } from '../text';

const KEY = 'api-key:';

/** Who pushed a scan, as a person reads it: an address, or an API key by its name. */
export const whoPushed = (by: string): string => (by.startsWith(KEY) ? scansText.apiKey(by.slice(KEY.length)) : by);

/** As much of a commit's id as people tell commits apart by. */
export const shortCommit = (commit: string): string =>
  /^[0-9a-f]{40,64}$/.test(commit) ? commit.slice(0, 10) : commit;
