import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../api/client';
import { common, decisions, driftListText as text } from '../text';
import { Button } from '../ui/Button';
import { Dialog, DialogActions } from '../ui/Dialog';
import { Link } from '../ui/Link';
import css from './Decisions.module.css';
import type { Action } from './decision';
import { fetchRow } from './rows';

export interface Outcome {
  action: Action;
  result: Schemas['BulkOutcome'];
  /** What is known of the drifts' addresses. */
  addresses: ReadonlyMap<string, string>;
}

/** More than these can't be read. */
const SHOWN = 100;

/** What became of a decision on many drifts, where not all of them could be decided: each with the server's reason. */
export function BulkOutcome({ outcome, onClose }: { outcome: Outcome; onClose: () => void }) {
  const { action, result, addresses } = outcome;
  const failed = result.results.filter(({ ok }) => !ok);
  return (
    <Dialog
      wide
      title={text.decide.someFailed(decisions[action].done, result.succeeded, result.total)}
      onClose={onClose}
    >
      <p>{text.decide.failures(failed.length)}</p>
      <table className={css.failures}>
        <caption className="visually-hidden">{text.decide.failureTable}</caption>
        <thead>
          <tr>
            <th scope="col">{text.decide.resource}</th>
            <th scope="col">{text.decide.why}</th>
          </tr>
        </thead>
        <tbody>
          {failed.slice(0, SHOWN).map(({ id, error }) => (
            <tr key={id}>
              <th scope="row">
                <Failed id={id} address={addresses.get(id)} />
              </th>
              <td>{error?.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {failed.length > SHOWN ? <p>{text.decide.moreFailures(failed.length - SHOWN)}</p> : null}
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          {common.close}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** The drift by its address, which is asked for where its page was never shown. */
function Failed({ id, address }: { id: string; address: string | undefined }) {
  const found = useQuery({
    queryKey: ['drifts', 'row', id],
    queryFn: () => fetchRow(id),
    enabled: address === undefined,
    retry: false,
  });
  return (
    <Link to={`/drifts/${id}`} dir="auto">
      {address ?? found.data?.row.resourceAddress ?? id}
    </Link>
  );
}
