import { useShortcuts } from '../keyboard/shortcuts';
import { driftText } from '../text';
import button from '../ui/Button.module.css';
import { Link } from '../ui/Link';
import { go } from '../url/go';
import { type Search, stringifySearch } from '../url/search';
import css from './DriftSteps.module.css';
import type { Neighbour, Neighbours } from './neighbours';

interface Props {
  neighbours: Neighbours | null;
  to: (neighbour: Neighbour) => Target;
}

export interface Target {
  to: string;
  search: Search;
}

/** The previous and the next drift of the list that one came from. */
export function DriftSteps({ neighbours, to }: Props) {
  const previous = neighbours?.previous && to(neighbours.previous);
  const next = neighbours?.next && to(neighbours.next);
  const follow = (target: Target | undefined) => () => {
    if (target) go(`${target.to}${stringifySearch(target.search)}`);
  };
  useShortcuts(driftText.keys, [
    { keys: 'n', label: driftText.next, run: follow(next) },
    { keys: 'p', label: driftText.previous, run: follow(previous) },
  ]);
  return (
    <nav className={css.steps} aria-label={driftText.neighbours}>
      {neighbours ? <span className={css.place}>{driftText.place(neighbours.position, neighbours.total)}</span> : null}
      <Step label={driftText.previous} sign="‹" target={previous} />
      <Step label={driftText.next} sign="›" target={next} />
    </nav>
  );
}

function Step({ label, sign, target }: { label: string; sign: string; target: Target | undefined }) {
  const look = `${button.button} ${button.small} ${css.step}`;
  return target ? (
    <Link {...target} className={look} aria-label={label} title={label}>
      {sign}
    </Link>
  ) : (
    // biome-ignore lint/a11y/useValidAnchor: a link that leads nowhere keeps its place, and says that it is off.
    <a className={look} role="link" aria-disabled="true" aria-label={label}>
      {sign}
    </a>
  );
}
