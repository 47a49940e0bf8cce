import { useState } from 'react';
import { api, data, type Schemas } from '../api/client';
import { queries } from '../api/queries';
import { update } from '../api/session';
import { useWriteBlock } from '../shell/who';
import { common, formText, profileText, roles } from '../text';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import form from '../ui/Form.module.css';
import { Failure } from '../ui/States';
import { toast } from '../ui/Toasts';
import { useSubmit } from '../ui/useSubmit';
import { NameFields } from '../users/fields';

/** One's own name; the rest of the account is for an administrator to change. */
export function AccountForm({ user }: { user: Schemas['User'] }) {
  const block = useWriteBlock();
  const [firstName, setFirstName] = useState(user.firstName ?? '');
  const [lastName, setLastName] = useState(user.lastName ?? '');
  const submission = useSubmit(['firstName', 'lastName'], async () => {
    const body = { firstName: firstName.trim() || null, lastName: lastName.trim() || null };
    const saved = await data(api.PATCH('/api/v1/users/me', { body }));
    queries.setQueryData(['me'], saved);
    update({ firstName: saved.firstName, lastName: saved.lastName });
    toast(profileText.nameSaved);
  });
  const { field, failure } = submission;
  return (
    <form ref={submission.form} className={form.form} onSubmit={submission.onSubmit}>
      <NameFields
        firstName={firstName}
        lastName={lastName}
        field={field}
        onFirstName={setFirstName}
        onLastName={setLastName}
        isOwn
      />
      <Field label={formText.email} hint={profileText.emailHint}>
        <input type="email" value={user.email} readOnly autoComplete="email" />
      </Field>
      <Field label={formText.role} hint={profileText.roleHint}>
        <input type="text" value={roles[user.role]} readOnly />
      </Field>
      {failure ? <Failure what={profileText.nameFailed} error={failure} /> : null}
      <div>
        <Button type="submit" look="primary" busy={submission.busy} disabled={block !== undefined} title={block}>
          {common.save}
        </Button>
      </div>
    </form>
  );
}
