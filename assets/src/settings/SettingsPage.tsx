import { density, type Theme, theme } from '../preferences/preferences';
import { useMay, useWriteBlock } from '../shell/who';
import { pages, settingsText } from '../text';
import { Field } from '../ui/Field';
import { Loaded } from '../ui/Loaded';
import { Page, Panel } from '../ui/Page';
import { Radios } from '../ui/Radios';
import { Failure } from '../ui/States';
import { useCell } from '../useCell';
import { About } from './About';
import { Backup } from './Backup';
import css from './Settings.module.css';
import { useSettings } from './useSettings';
import { ZoneField } from './ZoneField';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function SettingsPage() {
  const { me, saving, save } = useSettings();
  const block = useWriteBlock();
  const rows = useCell(density);
  const look = useCell(theme);
  const { administer } = useMay();
  return (
    <Page title={pages.settings}>
      {saving.isError ? (
        <Failure
          what={settingsText.saveFailed}
          error={saving.error}
          onRetry={() => saving.variables && save(saving.variables.after)}
        />
      ) : null}
      <div className={css.columns}>
        <div className={css.column}>
          <Panel title={settingsText.look}>
            <div className={css.fields}>
              <div>
                <Radios
                  legend={settingsText.theme}
                  options={THEMES.map((value) => ({ value, label: settingsText.themes[value] }))}
                  value={look}
                  disabled={block !== undefined}
                  onChange={(chosen) => save({ theme: chosen })}
                />
                <p className={css.hint}>{block ?? settingsText.themeHint}</p>
              </div>
              <div>
                <Radios
                  legend={settingsText.density}
                  options={[
                    { value: 'normal', label: settingsText.densities.normal },
                    { value: 'compact', label: settingsText.densities.compact },
                  ]}
                  value={rows}
                  onChange={density.set}
                />
                <p className={css.hint}>{settingsText.densityHint}</p>
              </div>
            </div>
          </Panel>
          <Panel title={settingsText.notices}>
            <Loaded query={me} failed={settingsText.failed} rows={1}>
              {({ settings }) => (
                <Field label={settingsText.criticalOnly} hint={block ?? settingsText.criticalOnlyHint}>
                  <input
                    type="checkbox"
                    checked={settings.criticalAlertsOnly}
                    disabled={block !== undefined}
                    onChange={(event) => save({ criticalAlertsOnly: event.target.checked })}
                  />
                </Field>
              )}
            </Loaded>
          </Panel>
        </div>
        <div className={css.column}>
          <Panel title={settingsText.times}>
            <ZoneField />
          </Panel>
          {administer ? <Backup /> : null}
          <About />
        </div>
      </div>
    </Page>
  );
}
