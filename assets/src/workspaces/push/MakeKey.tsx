import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, data } from '../../api/client';
import { middle } from '../../format/middle';
import { useMay, useWriteBlock } from '../../shell/who';
import { pushText as t } from '../../text';
import { Button } from '../../ui/Button';
import { CopyButton } from '../../ui/CopyButton';
import { Failure } from '../../ui/States';
import css from './MakeKey.module.css';

/** A key that was made here, while it can still be seen. */
export interface MadeKey {
  workspace: string;
  key: string;
}

/** A key's name has at most 100 characters; a workspace's has up to 128. */
const NAME_LENGTH = 70;

interface Props {
  /** The workspace that the key is limited to; null while its name is wrong. */
  workspace: string | null;
  made: MadeKey | null;
  onMade: (key: MadeKey) => void;
}

/** The button that makes the key of the lines to copy, for those who may; shown once. */
export function MakeKey({ workspace, made, onMade }: Props) {
  const { administer } = useMay();
  const writeBlock = useWriteBlock();
  const queries = useQueryClient();
  const shown = useRef<HTMLParagraphElement>(null);
  const making = useMutation({
    mutationFn: async (of: string) => {
      // Names of keys are unique: the time makes it so.
      const name = t.keyName(middle(of, NAME_LENGTH), new Date().toISOString().replace('T', ' ').slice(0, 19));
      return data(api.POST('/api/v1/api-keys', { body: { name, scope: 'ingest', workspaces: [of] } }));
    },
    onSuccess: ({ key }, of) => {
      onMade({ workspace: of, key });
      void queries.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  const isShown = made !== null && made.workspace === workspace;
  // The button that was pressed is gone: what it made has the focus.
  useEffect(() => {
    if (isShown) shown.current?.focus();
  }, [isShown]);
  if (!administer) return <p className={css.hint}>{t.keyByAdmin}</p>;
  if (isShown) {
    return (
      <div className={css.made}>
        <p ref={shown} tabIndex={-1}>
          {t.keyMade(made.workspace)}
        </p>
        <p className={css.key}>
          <code>{made.key}</code> <CopyButton text={made.key} what={t.keyTitle} />
        </p>
      </div>
    );
  }
  return (
    <div className={css.make}>
      <Button
        busy={making.isPending}
        disabled={workspace === null || writeBlock !== undefined}
        title={writeBlock}
        onClick={() => {
          if (workspace !== null) making.mutate(workspace);
        }}
      >
        {t.makeKey}
      </Button>
      {workspace === null ? null : (
        <p className={css.hint}>
          {t.keyHint(workspace)} {made === null ? null : t.keyOther(made.workspace)}
        </p>
      )}
      {making.isError ? <Failure what={t.keyFailed} error={making.error} /> : null}
    </div>
  );
}
