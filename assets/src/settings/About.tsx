import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client';
import { Problem, Unreachable } from '../api/problem';
import { useMay } from '../shell/who';
import { settingsText } from '../text';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import css from './Settings.module.css';

/** The licence texts of what is built in, by what it is built into. */
const LICENCES = [
  { title: settingsText.licencesOf.ui, path: '/licenses.txt' },
  { title: settingsText.licencesOf.server, path: '/licenses/crates.txt' },
];

/** What this is, and what it is made of. */
export function About() {
  const { administer } = useMay();
  const version = useQuery({
    queryKey: ['version', administer],
    queryFn: ({ signal }) => (administer ? versionByHealth(signal) : versionByContract(signal)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Panel title={settingsText.about}>
      <dl className={css.facts}>
        <dt>{settingsText.version}</dt>
        <dd>
          {version.data ?? (version.isError ? settingsText.versionFailed : <span className="visually-hidden">…</span>)}
        </dd>
        <dt>{settingsText.contract}</dt>
        <dd className={css.links}>
          <a href="/docs">{settingsText.docs}</a>
          <a href="/openapi.json">{settingsText.openapi}</a>
        </dd>
        <dt>{settingsText.licence}</dt>
        <dd>{settingsText.ownLicence}</dd>
      </dl>
      {LICENCES.map((one) => (
        <Licences key={one.path} {...one} />
      ))}
    </Panel>
  );
}

function Licences({ title, path }: { title: string; path: string }) {
  const [isOpen, open] = useState(false);
  const text = useQuery({
    queryKey: ['licences', path],
    queryFn: ({ signal }) => file(path, signal).then((response) => response.text()),
    enabled: isOpen,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <details className={css.licences} onToggle={(event) => open(event.currentTarget.open)}>
      <summary>{settingsText.licences(title)}</summary>
      <a href={path}>{settingsText.licencesText}</a>
      {isOpen ? (
        <Loaded query={text} failed={settingsText.licencesFailed} rows={8}>
          {(shown) => <pre className={css.text}>{shown}</pre>}
        </Loaded>
      ) : null}
    </details>
  );
}

async function versionByHealth(signal: AbortSignal): Promise<string> {
  const { data } = await api.GET('/health/detailed', { signal });
  return data?.version ?? '';
}

async function versionByContract(signal: AbortSignal): Promise<string> {
  const contract: { info: { version: string } } = await (await file('/openapi.json', signal)).json();
  return contract.info.version;
}

/** A file that needs no sign-in. */
async function file(path: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(path, { signal }).catch(() => {
    throw new Unreachable();
  });
  if (!response.ok) throw await Problem.of(response);
  return response;
}
