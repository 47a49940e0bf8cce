import type { Schemas } from '../api/client';
import { middle } from '../format/middle';
import { kinds, statuses } from '../text';
import { SeverityBadge } from '../ui/Badge';
import { Link } from '../ui/Link';
import { Time } from '../ui/Time';
import type { Search } from '../url/search';
import css from './DriftLines.module.css';

interface Props {
  drifts: readonly Schemas['DriftItem'][];
  /** The list that they are the first of: from one the way leads on to the next. */
  search: Search;
  hideWorkspace?: boolean;
  /** Of an address, so many letters; a longer one loses its middle. */
  longest?: number;
}

/** A few drifts, a line each: enough to know them by. */
export function DriftLines({ drifts, search, hideWorkspace = false, longest = 38 }: Props) {
  return (
    <ul className={css.lines}>
      {drifts.map((drift) => {
        const address = drift.resourceAddress || drift.resourceId;
        return (
          <li key={drift.id}>
            <span className={css.severity}>
              <SeverityBadge severity={drift.severity} />
            </span>
            <span className={css.what}>
              <Link to={`/drifts/${drift.id}`} search={search} title={address} dir="ltr">
                {middle(address, longest)}
              </Link>
              <span className={css.facts}>
                <strong>{statuses[drift.status]}</strong>
                <Time at={drift.detectedAt} />
                {hideWorkspace ? null : <span>{drift.workspace}</span>}
                <span>{kinds[drift.kind]}</span>
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
