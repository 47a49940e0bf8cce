import { useState } from 'react';
import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { queries } from '../api/queries';
import { signOut, update } from '../api/session';
import { useAccount, useWriteBlock } from '../shell/who';
import { common, formText, roles, usersText } from '../text';
import { Button } from '../ui/Button';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import css from '../ui/Form.module.css';
import { Radios } from '../ui/Radios';
import { Failure } from '../ui/States';
import { useSubmit } from '../ui/useSubmit';
import { NameFields, ROLES } from './fields';

interface Props {
  user: Schemas['User'];
  onDone: (said: string) => void;
  onClose: () => void;
}

export function EditUser({ user, onDone, onClose }: Props) {
  const block = useWriteBlock();
  const isOwn = useAccount().id === user.id;
  const was = ROLES.find((one) => one === user.role) ?? 'viewer';
  const [firstName, setFirstName] = useState(user.firstName ?? '');
  const [lastName, setLastName] = useState(user.lastName ?? '');
  const [role, setRole] = useState(was);
  const [disabled, setDisabled] = useState(user.disabled);
  const submission = useSubmit(['firstName', 'lastName', 'role', 'disabled'], async () => {
    const body = {
      firstName: firstName.trim() || null,
      lastName: lastName.trim() || null,
      ...(role === was ? {} : { role }),
      ...(disabled === user.disabled ? {} : { disabled }),
    };
    const saved = await data(api.PATCH('/api/v1/users/{id}', { params: { path: { id: user.id } }, body }));
    if (isOwn) {
      update({ firstName: saved.firstName, lastName: saved.lastName, role: saved.role });
      void queries.invalidateQueries({ queryKey: ['me'] });
    }
    if (isOwn && saved.disabled) await signOut();
    else onDone(usersText.saved(user.email));
  });
  const { field, failure } = submission;
  const isRefused = failure instanceof Problem && failure.code === 'CONFLICT';
  return (
    <Dialog title={usersText.editOf(user.email)} onClose={onClose}>
      <form ref={submission.form} className={css.form} onSubmit={submission.onSubmit}>
        <NameFields
          firstName={firstName}
          lastName={lastName}
          field={field}
          onFirstName={setFirstName}
          onLastName={setLastName}
        />
        <Radios
          legend={formText.role}
          options={ROLES.map((value) => ({ value, label: roles[value], hint: usersText.roles[value] }))}
          value={role}
          onChange={setRole}
          error={field('role')}
        />
        {isOwn && role !== was ? <p role="status">{usersText.ownRole}</p> : null}
        <Field
          label={usersText.disable}
          hint={isOwn ? usersText.ownDisable : usersText.disableHint}
          error={field('disabled')}
        >
          <input type="checkbox" checked={disabled} onChange={(event) => setDisabled(event.target.checked)} />
        </Field>
        {failure ? <Failure what={isRefused ? usersText.refused : usersText.editFailed} error={failure} /> : null}
        <DialogActions>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" look="primary" busy={submission.busy} disabled={block !== undefined} title={block}>
            {common.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
