import { alertsText, severities } from '../text';
import { Button } from '../ui/Button';
import { Chip } from '../ui/Chip';
import { Choices } from '../ui/Choices';
import { Filter, FilterBar } from '../ui/FilterBar';
import { focusHeading } from '../ui/focus';
import { IgnoredFilters } from '../url/IgnoredFilters';
import type { Search } from '../url/search';
import type { ChangeSearch } from '../url/useSearch';
import { WorkspaceField } from '../workspaces/WorkspaceField';
import css from './Alerts.module.css';
import { type Filters, ignoredOf, isFiltered, SEVERITIES, TYPES } from './filters';

interface Props {
  filters: Filters;
  search: Search;
  change: ChangeSearch;
}

/** What takes every filter away. */
export const CLEARED = {
  isRead: undefined,
  severity: undefined,
  type: undefined,
  workspace: undefined,
  page: undefined,
};

export function AlertFilters({ filters, search, change }: Props) {
  const set = (name: string, values: readonly string[]) => change({ [name]: values.join(','), page: undefined });
  return (
    <>
      <FilterBar label={alertsText.filters}>
        <Filter label={alertsText.state} isSet={filters.isRead !== undefined}>
          <select
            value={filters.isRead === undefined ? '' : String(filters.isRead)}
            onChange={(event) => set('isRead', [event.target.value])}
          >
            <option value="">{alertsText.states.all}</option>
            <option value="false">{alertsText.states.unread}</option>
            <option value="true">{alertsText.states.read}</option>
          </select>
        </Filter>
        <Choices
          label={alertsText.severity}
          choices={SEVERITIES.map((value) => ({ value, label: severities[value] }))}
          chosen={filters.severity}
          onChange={(chosen) => set('severity', chosen)}
        />
        <Choices
          label={alertsText.type}
          choices={TYPES.map((value) => ({ value, label: alertsText.types[value] }))}
          chosen={filters.type}
          onChange={(chosen) => set('type', chosen)}
        />
        <div className={css.workspace}>
          <WorkspaceField hideLabel onPick={(name) => set('workspace', [...new Set([...filters.workspace, name])])} />
        </div>
        {filters.workspace.map((name) => (
          <Chip
            key={name}
            label={name}
            onRemove={() =>
              set(
                'workspace',
                filters.workspace.filter((one) => one !== name),
              )
            }
          />
        ))}
        {isFiltered(filters) ? (
          <Button
            size="small"
            look="quiet"
            onClick={() => {
              focusHeading();
              change(CLEARED);
            }}
          >
            {alertsText.clear}
          </Button>
        ) : null}
      </FilterBar>
      <IgnoredFilters found={ignoredOf(search)} change={change} />
    </>
  );
}
