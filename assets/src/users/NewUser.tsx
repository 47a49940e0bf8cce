import { useState } from 'react';
import { api, data } from '../api/client';
import { Problem } from '../api/problem';
import { useWriteBlock } from '../shell/who';
import { common, formText, roles, usersText } from '../text';
import { Button } from '../ui/Button';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import css from '../ui/Form.module.css';
import { Radios } from '../ui/Radios';
import { Failure } from '../ui/States';
import { useSubmit } from '../ui/useSubmit';
import { NameFields, ROLES, type SignInRole } from './fields';

interface Props {
  onDone: (said: string) => void;
  /** The one-time password that was made. */
  onSecret: (email: string, password: string) => void;
  onClose: () => void;
}

export function NewUser({ onDone, onSecret, onClose }: Props) {
  const block = useWriteBlock();
  const [email, setEmail] = useState('');
  const [firstName, setFirstName] = useState('');
  const [lastName, setLastName] = useState('');
  const [role, setRole] = useState<SignInRole>('viewer');
  const [way, setWay] = useState<'oneTime' | 'own'>('oneTime');
  const [password, setPassword] = useState('');
  const submission = useSubmit(['email', 'firstName', 'lastName', 'role', 'password'], async () => {
    const body = {
      email: email.trim(),
      role,
      firstName: firstName.trim() || null,
      lastName: lastName.trim() || null,
      password: way === 'own' ? password : null,
    };
    const made = await data(api.POST('/api/v1/users', { body }));
    if (made.oneTimePassword) onSecret(made.email, made.oneTimePassword);
    else onDone(usersText.created(made.email));
  });
  const { field, failure } = submission;
  const isTaken = failure instanceof Problem && failure.code === 'CONFLICT';
  return (
    <Dialog title={usersText.createTitle} onClose={onClose}>
      <form ref={submission.form} className={css.form} onSubmit={submission.onSubmit}>
        <Field label={formText.email} error={isTaken ? failure.message : field('email')}>
          <input
            type="email"
            autoComplete="off"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </Field>
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
        <Radios
          legend={usersText.choose}
          options={[
            { value: 'oneTime', label: usersText.chooseOneTime, hint: usersText.oneTimeHint },
            { value: 'own', label: usersText.chooseOwn },
          ]}
          value={way}
          onChange={setWay}
        />
        {way === 'own' ? (
          <Field label={usersText.password} hint={usersText.passwordHint} error={field('password')}>
            <input
              type="password"
              autoComplete="new-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          </Field>
        ) : null}
        {failure && !isTaken ? <Failure what={usersText.createFailed} error={failure} /> : null}
        <DialogActions>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" look="primary" busy={submission.busy} disabled={block !== undefined} title={block}>
            {usersText.create}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
