import { type ReactNode, useState } from 'react';
import { pushText as t } from '../../text';
import { CodeBlock } from '../../ui/CodeBlock';
import { CopyButton } from '../../ui/CopyButton';
import { Field } from '../../ui/Field';
import { Tabs } from '../../ui/Tabs';
import { isName } from '../rules';
import { type MadeKey, MakeKey } from './MakeKey';
import css from './PushGuide.module.css';
import { curl, gitHub, gitLab, NO_KEY, shell } from './snippets';

const EXAMPLE = 'shop/prod';

/** How to push a workspace's plan: the exact lines to copy, with this server, the workspace and the key filled in. */
export function PushGuide({ workspace: fixed }: { workspace?: string }) {
  const [typed, type] = useState(EXAMPLE);
  const [made, keep] = useState<MadeKey | null>(null);
  const name = fixed ?? typed.trim();
  const isGood = isName(name);
  const workspace = isGood ? name : EXAMPLE;
  const server = location.origin;
  const key = made?.workspace === workspace ? made.key : null;
  return (
    <div className={css.guide}>
      <p className={css.intro}>{t.intro}</p>
      {fixed === undefined ? (
        <div className={css.name}>
          <Field label={t.workspace} hint={t.workspaceHint} error={isGood ? null : t.wrongName}>
            <input
              value={typed}
              onChange={(event) => type(event.target.value)}
              autoCapitalize="none"
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
        </div>
      ) : null}
      <MakeKey workspace={isGood ? workspace : null} made={made} onMade={keep} />
      <Tabs
        label={t.ways}
        tabs={[
          {
            title: t.shell,
            content: <CodeBlock code={shell({ server, workspace, key })} what={t.commands(t.shell)} />,
          },
          {
            title: t.gitHub,
            content: (
              <Pipeline note={t.gitHubNote} server={server} keyIs={t.secret} apiKey={key}>
                <CodeBlock code={gitHub(workspace)} what={t.commands(t.gitHub)} />
              </Pipeline>
            ),
          },
          {
            title: t.gitLab,
            content: (
              <Pipeline note={t.gitLabNote} server={server} keyIs={t.masked} apiKey={key}>
                <CodeBlock code={gitLab(workspace)} what={t.commands(t.gitLab)} />
              </Pipeline>
            ),
          },
          {
            title: t.curl,
            content: (
              <div className={css.way}>
                <p>{t.curlNote}</p>
                <CodeBlock code={curl({ server, workspace, key })} what={t.commands(t.curl)} />
              </div>
            ),
          },
        ]}
      />
    </div>
  );
}

interface PipelineProps {
  note: string;
  server: string;
  /** How the pipeline's host calls what keeps the key. */
  keyIs: string;
  apiKey: string | null;
  children: ReactNode;
}

/** A pipeline's file, and the values that its host has to know. */
function Pipeline({ note, server, keyIs, apiKey, children }: PipelineProps) {
  return (
    <div className={css.way}>
      <p>{note}</p>
      <dl className={css.values}>
        <Value name="DRIFTSENTRY_API_KEY" kind={keyIs} copy={apiKey}>
          <code>{apiKey ?? NO_KEY}</code>
        </Value>
        <Value name="DRIFTSENTRY_SERVER" kind={t.variable} copy={server}>
          <code>{server}</code>
        </Value>
        <Value name="DRIFTSENTRY_BINARY_URL" kind={t.variable} copy={null}>
          {t.binaryUrl}
        </Value>
        <Value name="DRIFTSENTRY_BINARY_SHA256" kind={t.variable} copy={null}>
          {t.binarySum}
        </Value>
      </dl>
      {children}
    </div>
  );
}

function Value(props: { name: string; kind: string; copy: string | null; children: ReactNode }) {
  return (
    <div>
      <dt>
        <code>{props.name}</code> <small>{props.kind}</small>
      </dt>
      <dd>
        <span>{props.children}</span>
        {props.copy === null ? null : <CopyButton text={props.copy} what={props.name} />}
      </dd>
    </div>
  );
}
