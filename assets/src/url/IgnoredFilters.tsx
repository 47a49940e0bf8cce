import { common } from '../text';
import { Chip } from '../ui/Chip';
import css from './IgnoredFilters.module.css';
import type { Search } from './search';
import type { ChangeSearch } from './useSearch';

/** Says what of the address means nothing here, and takes it away. */
export function IgnoredFilters({ found, change }: { found: Search; change: ChangeSearch }) {
  const entries = Object.entries(found);
  if (entries.length === 0) return null;
  return (
    <div className={css.chips}>
      {entries.map(([name, value]) => (
        <Chip
          key={name}
          label={common.ignoredFilter(name, value)}
          onRemove={() => change({ [name]: undefined }, 'replace')}
        />
      ))}
    </div>
  );
}
