import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, data, type Schemas } from '../api/client';
import { Problem } from '../api/problem';
import { useWriteBlock } from '../shell/who';
import { common, pushText, workspacesText as t } from '../text';
import { Button } from '../ui/Button';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Field } from '../ui/Field';
import { Failure } from '../ui/States';
import { toast } from '../ui/Toasts';
import { interval, isName, isWrongLabel, readLabels, writeLabels } from './rules';
import css from './WorkspaceDialog.module.css';

type Workspace = Schemas['Workspace'];

interface Props {
  /** The one to change; a new one, without. */
  workspace?: Workspace;
  onSaved: (workspace: Workspace) => void;
  onClose: () => void;
}

/** Makes a workspace, or changes what is said of one. */
export function WorkspaceDialog({ workspace, onSaved, onClose }: Props) {
  const queries = useQueryClient();
  const writeBlock = useWriteBlock();
  const [name, setName] = useState('');
  const [environment, setEnvironment] = useState(workspace?.environment ?? '');
  const [every, setEvery] = useState(workspace?.expectedEvery ?? '');
  const [labels, setLabels] = useState(writeLabels(workspace?.labels ?? {}));
  const [description, setDescription] = useState(workspace?.description ?? '');
  const [isTried, tried] = useState(false);
  const everyIs = interval(every.trim());
  const labelsAre = readLabels(labels);
  const wrong = {
    name: workspace !== undefined || isName(name.trim()) ? null : pushText.wrongName,
    every: every.trim() === '' || everyIs ? null : t.everyWrong,
    labels: isWrongLabel(labelsAre) ? t.labelWrong[labelsAre.why](labelsAre.line) : null,
  };
  const saving = useMutation({
    mutationFn: () => {
      const said = {
        environment: environment.trim() || null,
        expectedEvery: every.trim() || null,
        labels: isWrongLabel(labelsAre) ? null : labelsAre,
        description: description.trim() || null,
      };
      return data(
        workspace === undefined
          ? api.POST('/api/v1/workspaces', { body: { name: name.trim(), ...said } })
          : api.PATCH('/api/v1/workspaces/{id}', { params: { path: { id: workspace.id } }, body: said }),
      );
    },
    onSuccess: (saved) => {
      void queries.invalidateQueries({ queryKey: ['workspaces'] });
      void queries.invalidateQueries({ queryKey: ['metrics'] });
      toast(workspace === undefined ? t.made(saved.name) : t.saved(saved.name));
      onSaved(saved);
    },
  });
  const problem = saving.error instanceof Problem ? saving.error : null;
  const ofField = (field: string) => problem?.field(field);
  const isOfField = ['name', 'environment', 'expectedEvery', 'labels', 'description'].some(ofField);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    tried(true);
    if (wrong.name ?? wrong.every ?? wrong.labels) {
      const form = event.currentTarget;
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
    } else if (writeBlock === undefined) saving.mutate();
  };
  return (
    <Dialog title={workspace === undefined ? t.createTitle : t.editOf(workspace.name)} onClose={onClose}>
      <form className={css.form} onSubmit={submit} noValidate>
        {workspace === undefined ? (
          <Field label={t.name} hint={t.nameHint} error={ofField('name') ?? (isTried ? wrong.name : null)}>
            <input
              value={name}
              onChange={(event) => setName(event.target.value)}
              required
              maxLength={128}
              autoCapitalize="none"
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
        ) : null}
        <Field label={t.environment} hint={t.environmentHint} error={ofField('environment')}>
          <input value={environment} onChange={(event) => setEnvironment(event.target.value)} maxLength={64} />
        </Field>
        <Field
          label={t.every}
          hint={everyIs ? t.everyMeans(everyIs.number, everyIs.unit) : t.everyHint}
          error={ofField('expectedEvery') ?? (isTried ? wrong.every : null)}
        >
          <input
            value={every}
            onChange={(event) => setEvery(event.target.value)}
            maxLength={5}
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
          />
        </Field>
        <Field label={t.labels} hint={t.labelsHint} error={ofField('labels') ?? (isTried ? wrong.labels : null)}>
          <textarea rows={3} value={labels} onChange={(event) => setLabels(event.target.value)} spellCheck={false} />
        </Field>
        <Field label={t.description} error={ofField('description')}>
          <textarea
            rows={3}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
            maxLength={1_000}
          />
        </Field>
        {saving.isError && !isOfField ? <Failure what={t.saveFailed} error={saving.error} /> : null}
        <DialogActions>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button
            type="submit"
            look="primary"
            busy={saving.isPending}
            disabled={writeBlock !== undefined}
            title={writeBlock}
          >
            {workspace === undefined ? t.createSubmit : common.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
