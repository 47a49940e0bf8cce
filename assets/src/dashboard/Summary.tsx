import { useQuery } from '@tanstack/react-query';
import { api, data, type Schemas } from '../api/client';
import { count, money } from '../format/numbers';
import { hours } from '../format/time';
import { severities, dashboardText as t } from '../text';
import { Link } from '../ui/Link';
import { Panel } from '../ui/Page';
import { Skeleton } from '../ui/States';
import { Time } from '../ui/Time';
import { filters } from '../workspaces/health';
import { allWorkspaces } from '../workspaces/queries';
import { Figure, Figures } from './Figures';
import css from './Summary.module.css';

type Summary = Schemas['Summary'];

interface Props {
  /** Not yet known, at first: the panels stand, so that nothing moves when they are. */
  figures: Summary | undefined;
}

const Wait = () => <Skeleton rows={1} height="3.7rem" />;

/** Without these, the list shows drifts of the live estate only; the figures are of all kinds. */
const ALL = { kind: 'all' };

export function OpenDrifts({ figures }: Props) {
  return <Panel title={t.open}>{figures ? <OpenDriftsOf figures={figures} /> : <Wait />}</Panel>;
}

function OpenDriftsOf({ figures }: { figures: Summary }) {
  const { open, openBySeverity } = figures.drifts;
  const other = useQuery({
    queryKey: ['drifts', 'count', 'notLive'],
    queryFn: ({ signal }) => {
      const query = { status: 'open', kind: 'pending,state_only', limit: 1 } as const;
      return data(api.GET('/api/v1/drifts', { params: { query }, signal }));
    },
    select: ({ pagination }) => pagination.total,
  }).data;
  return (
    <>
      {open === 0 ? (
        <Good figures={figures} />
      ) : (
        <Figures>
          <Figure name={t.openAll} value={count(open)} to="/drifts" search={ALL} />
          {(['critical', 'warning', 'info'] as const).map((severity) => (
            <Figure
              key={severity}
              name={severities[severity]}
              value={count(openBySeverity[severity])}
              to="/drifts"
              search={{ severity, ...ALL }}
              tone={severity === 'critical' && openBySeverity.critical > 0 ? 'critical' : undefined}
            />
          ))}
        </Figures>
      )}
      <p className={css.note}>
        {open > 0 && other !== undefined && other > 0 ? (
          <>
            <Link to="/drifts">{t.openReal(open - other)}</Link>,{' '}
            <Link to="/drifts" search={{ kind: 'pending,state_only' }}>
              {t.openOther(other)}
            </Link>
          </>
        ) : null}
      </p>
    </>
  );
}

/** Nothing is open: that is good only where everything was looked at. */
function Good({ figures }: { figures: Summary }) {
  const all = useQuery(allWorkspaces()).data;
  const { total } = figures.workspaces;
  if (all === undefined) return null;
  const sure = all.items.filter(filters.clean).length;
  return (
    <p className={css.good} data-sure={sure === total || undefined}>
      {sure === total ? t.goodTitle(total) : t.doubtTitle(sure, total)}{' '}
      {figures.scans.lastAt ? (
        <>
          {t.lastScan} <Time at={figures.scans.lastAt} />.
        </>
      ) : null}
    </p>
  );
}

export function Workspaces({ figures }: Props) {
  return <Panel title={t.workspaces}>{figures ? <WorkspacesOf figures={figures} /> : <Wait />}</Panel>;
}

function WorkspacesOf({ figures }: { figures: Summary }) {
  const { total, drifted, silent } = figures.workspaces;
  const lastAt = figures.scans.lastAt;
  const to = '/workspaces';
  return (
    <>
      <Figures>
        <Figure name={t.total} value={count(total)} to={to} />
        <Figure name={t.drifted} value={count(drifted)} to={to} search={{ health: 'drifted' }} />
        <Figure
          name={t.silent}
          value={count(silent)}
          to={to}
          search={{ health: 'silent' }}
          tone={silent > 0 ? 'caution' : undefined}
        />
      </Figures>
      <p className={css.note}>
        {lastAt ? (
          <>
            {t.lastScan} <Time at={lastAt} />
          </>
        ) : null}
      </p>
    </>
  );
}

export function Cost({ figures }: Props) {
  return <Panel title={t.cost}>{figures ? <CostOf figures={figures} /> : <Wait />}</Panel>;
}

function CostOf({ figures }: { figures: Summary }) {
  const { totalMonthlyImpact, projectedSavings, currency, unpriced } = figures.cost;
  const byCost = { ...ALL, sortBy: 'costImpactMonthly' };
  return (
    <>
      <Figures>
        <Figure name={t.costOpen} value={money(totalMonthlyImpact, currency)} to="/drifts" search={byCost} />
        <Figure
          name={t.costApproved}
          value={money(projectedSavings, currency)}
          to="/drifts"
          search={{ ...byCost, status: 'approved' }}
        />
      </Figures>
      <p className={css.note}>{unpriced > 0 ? t.unpriced(unpriced) : null}</p>
    </>
  );
}

export function Resolution({ figures, days }: Props & { days: number }) {
  return (
    <Panel title={t.resolution} aside={t.inDays(days)}>
      {figures ? <ResolutionOf figures={figures} /> : <Wait />}
    </Panel>
  );
}

function ResolutionOf({ figures }: { figures: Summary }) {
  const { meanTimeToDecideHours: decide, meanTimeToResolveHours: resolve } = figures.resolution;
  const { approved, rejected, resolved } = figures.drifts.byStatus;
  return (
    <>
      <Figures>
        <Figure name={t.decide} value={decide === null ? t.noDecision : hours(decide)} />
        <Figure name={t.resolve} value={resolve === null ? t.noResolve : hours(resolve)} />
      </Figures>
      <p className={css.note}>
        <Link to="/drifts" search={{ status: 'approved,rejected', ...ALL }}>
          {t.decidedNow(approved + rejected)}
        </Link>
        ,{' '}
        <Link to="/drifts" search={{ status: 'resolved', ...ALL }}>
          {t.resolvedNow(resolved)}
        </Link>
      </p>
    </>
  );
}
