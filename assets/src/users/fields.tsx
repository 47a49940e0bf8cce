import { formText } from '../text';
import { Field } from '../ui/Field';
import css from '../ui/Form.module.css';

/** What a person can be; `ingest` is for keys only. */
export const ROLES = ['viewer', 'engineer', 'admin'] as const;
export type SignInRole = (typeof ROLES)[number];

interface Props {
  firstName: string;
  lastName: string;
  field: (name: string) => string | undefined;
  onFirstName: (value: string) => void;
  onLastName: (value: string) => void;
  /** Filled in by the browser: for one's own name. */
  isOwn?: boolean;
}

export function NameFields({ firstName, lastName, field, onFirstName, onLastName, isOwn = false }: Props) {
  return (
    <div className={css.pair}>
      <Field label={formText.firstName} error={field('firstName')}>
        <input
          type="text"
          dir="auto"
          autoComplete={isOwn ? 'given-name' : 'off'}
          value={firstName}
          onChange={(event) => onFirstName(event.target.value)}
        />
      </Field>
      <Field label={formText.lastName} error={field('lastName')}>
        <input
          type="text"
          dir="auto"
          autoComplete={isOwn ? 'family-name' : 'off'}
          value={lastName}
          onChange={(event) => onLastName(event.target.value)}
        />
      </Field>
    </div>
  );
}
