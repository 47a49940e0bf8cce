import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { showable } from '../diff/showable';
import { money } from '../format/numbers';
import { driftText, kinds, severities } from '../text';
import { Badge, SeverityBadge, StatusBadge } from '../ui/Badge';
import { Breakable } from '../ui/Breakable';
import { CopyButton } from '../ui/CopyButton';
import { Link } from '../ui/Link';
import { Time } from '../ui/Time';
import type { Search } from '../url/search';
import css from './DriftFacts.module.css';
import { workspaceQuery } from './one';

const { fact } = driftText;

/** How bad it is, how it stands, and what is known of the resource. */
export function DriftFacts({ drift, search }: { drift: Schemas['Drift']; search: Search }) {
  return (
    <section className={css.facts} aria-label={driftText.facts}>
      <p className={css.badges}>
        <SeverityBadge severity={drift.severity} />
        <StatusBadge status={drift.status} />
        <Badge>{kinds[drift.kind]}</Badge>
        <span className={css.why}>
          {driftText.kindMeanings[drift.kind]}{' '}
          {drift.severityReason
            ? driftText.severity(severities[drift.severity].toLowerCase(), showable(drift.severityReason))
            : null}
        </span>
      </p>
      <dl className={css.list}>
        <Fact name={fact.workspace}>
          <Workspace name={drift.workspace} />
        </Fact>
        <Fact name={fact.type}>
          <code>
            <Breakable text={showable(drift.resourceType)} />
          </code>
        </Fact>
        {drift.resourceId === drift.resourceAddress ? null : (
          <Fact name={fact.id} isWide={drift.resourceId.length > 40}>
            <code>
              <Breakable text={showable(drift.resourceId)} />
            </code>{' '}
            <CopyButton text={drift.resourceId} what={fact.id} />
          </Fact>
        )}
        <Known name={fact.provider} value={drift.provider?.split('/').slice(-2).join('/')} title={drift.provider} />
        <Known name={fact.region} value={drift.region} />
        <Known name={fact.account} value={drift.accountId} />
        <Fact name={fact.firstSeen}>
          <Time at={drift.firstSeenAt} />
        </Fact>
        <Fact name={fact.lastSeen}>
          <Time at={drift.lastSeenAt} />, {driftText.seen(drift.seenCount)}
        </Fact>
        <Fact name={fact.detectedBy}>
          {drift.scanId ? (
            <Link to={`/scans/${drift.scanId}`}>{driftText.detectedBy[drift.detectedBy]}</Link>
          ) : (
            driftText.detectedBy[drift.detectedBy]
          )}
        </Fact>
        <Fact name={fact.cost}>{money(drift.costImpactMonthly, drift.currency)}</Fact>
        <Fact name={fact.assignee}>{drift.assignee ? showable(drift.assignee) : driftText.notAssigned}</Fact>
        {drift.recurrenceOf ? (
          <Fact name={fact.recurrence}>
            <Link to={`/drifts/${drift.recurrenceOf}`} search={search}>
              {driftText.recurrence}
            </Link>
          </Fact>
        ) : null}
        {drift.alertCount > 0 ? (
          <Fact name={fact.alerts}>
            <Link to="/alerts" search={{ driftId: drift.id }}>
              {driftText.alerts(drift.alertCount)}
            </Link>
          </Fact>
        ) : null}
      </dl>
    </section>
  );
}

function Fact({ name, isWide = false, children }: { name: string; isWide?: boolean; children: ReactNode }) {
  return (
    <div data-wide={isWide || undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Known({ name, value, title }: { name: string; value: string | null | undefined; title?: string | null }) {
  if (!value) return null;
  return (
    <Fact name={name}>
      <span title={title ? showable(title) : undefined}>{showable(value)}</span>
    </Fact>
  );
}

function Workspace({ name }: { name: string }) {
  const id = useQuery(workspaceQuery(name)).data;
  return id ? <Link to={`/workspaces/${id}`}>{name}</Link> : name;
}
