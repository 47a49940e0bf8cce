import { browserZone, zones } from '../format/time';
import { zone } from '../preferences/preferences';
import { settingsText } from '../text';
import { Field } from '../ui/Field';
import { useCell } from '../useCell';

/** In which zone times are shown, in this browser. */
export function ZoneField() {
  const chosen = useCell(zone);
  const known = [...new Set(['UTC', ...zones(), ...(chosen === '' ? [] : [chosen])])];
  return (
    <Field label={settingsText.zone} hint={settingsText.zoneHint}>
      <select value={chosen} onChange={(event) => zone.set(event.target.value)}>
        <option value="">{settingsText.zoneBrowser(browserZone())}</option>
        {known.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </Field>
  );
}
