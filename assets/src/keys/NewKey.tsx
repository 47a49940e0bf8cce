import { useState } from 'react';
import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { date } from '../format/time';
import { momentOf } from '../format/wall';
import { useWriteBlock } from '../shell/who';
import { common, keysText } from '../text';
import { Button } from '../ui/Button';
import { Chip } from '../ui/Chip';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import form from '../ui/Form.module.css';
import { Radios } from '../ui/Radios';
import { Failure } from '../ui/States';
import { useZone } from '../ui/Time';
import { useSubmit } from '../ui/useSubmit';
import { WorkspaceField } from '../workspaces/WorkspaceField';
import { type Expiry, endOf } from './expiry';
import css from './Keys.module.css';

const SCOPES = ['ingest', 'read', 'engineer'] as const;
const EXPIRIES = ['30', '90', '365', 'day', 'never'] as const;

interface Props {
  onMade: (key: Schemas['NewApiKey']) => void;
  onClose: () => void;
}

export function NewKey({ onMade, onClose }: Props) {
  const block = useWriteBlock();
  const zone = useZone();
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Schemas['ApiKey']['scope']>('ingest');
  const [workspaces, setWorkspaces] = useState<string[]>([]);
  const [expiry, setExpiry] = useState<Expiry>('365');
  const [day, setDay] = useState('');
  const end = () => endOf(expiry, day, Date.now(), (of) => momentOf(`${of}T23:59:59`, zone));
  const submission = useSubmit(['name', 'scope', 'workspaces', 'expiresAt'], async () => {
    const body = { name: name.trim(), scope, workspaces, expiresAt: end() };
    onMade(await data(api.POST('/api/v1/api-keys', { body })));
  });
  const { failure } = submission;
  const isTaken = failure instanceof Problem && failure.code === 'CONFLICT';
  const expiresAt = end();
  const hint =
    expiry === 'never' ? keysText.neverHint : expiresAt && keysText.expiresOn(date(Date.parse(expiresAt), zone));
  return (
    <Dialog title={keysText.createTitle} onClose={onClose}>
      <form ref={submission.form} className={form.form} onSubmit={submission.onSubmit}>
        <Field
          label={keysText.name}
          hint={keysText.nameHint}
          error={isTaken ? failure.message : submission.field('name')}
        >
          <input
            type="text"
            autoComplete="off"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Radios
          legend={keysText.scope}
          options={SCOPES.map((value) => ({
            value,
            label: keysText.scopes[value],
            hint: keysText.scopeHints[value],
          }))}
          value={scope}
          onChange={setScope}
          error={submission.field('scope')}
        />
        <div className={css.step}>
          <WorkspaceField
            label={keysText.workspaces}
            hint={keysText.workspacesHint}
            error={submission.field('workspaces')}
            addLabel={common.add}
            onPick={(added) => setWorkspaces((before) => [...new Set([...before, added])])}
          />
          {workspaces.length > 0 ? (
            <ul className={css.picked} aria-label={keysText.picked}>
              {workspaces.map((one) => (
                <li key={one}>
                  <Chip
                    label={one}
                    onRemove={() => setWorkspaces((before) => before.filter((other) => other !== one))}
                  />
                </li>
              ))}
            </ul>
          ) : null}
        </div>
        <Field label={keysText.expiry} hint={hint} error={expiry === 'day' ? null : submission.field('expiresAt')}>
          <select
            value={expiry}
            onChange={(event) => setExpiry(EXPIRIES.find((one) => one === event.target.value) ?? 'never')}
          >
            {EXPIRIES.map((one) => (
              <option key={one} value={one}>
                {keysText.expiries[one]}
              </option>
            ))}
          </select>
        </Field>
        {expiry === 'day' ? (
          <Field label={keysText.day} error={submission.field('expiresAt')}>
            <input
              type="date"
              required
              min={date(Date.now(), zone)}
              value={day}
              onChange={(event) => setDay(event.target.value)}
            />
          </Field>
        ) : null}
        {failure && !isTaken ? <Failure what={keysText.createFailed} error={failure} /> : null}
        <DialogActions>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button type="submit" look="primary" busy={submission.busy} disabled={block !== undefined} title={block}>
            {keysText.create}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
