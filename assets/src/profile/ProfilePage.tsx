import { shortcuts } from '../preferences/preferences';
import { ZoneField } from '../settings/ZoneField';
import { useMe, useWriteBlock } from '../shell/who';
import { PasswordForm } from '../sign_in/PasswordForm';
import { pages, profileText, settingsText } from '../text';
import { Field } from '../ui/Field';
import { Loaded } from '../ui/Loaded';
import { Page, Panel } from '../ui/Page';
import { Time } from '../ui/Time';
import { useCell } from '../useCell';
import { AccountForm } from './AccountForm';
import css from './Profile.module.css';
import { Sessions } from './Sessions';

export function ProfilePage() {
  const me = useMe();
  const block = useWriteBlock();
  const areOn = useCell(shortcuts) === 'on';
  return (
    <Page title={pages.profile}>
      <div className={css.columns}>
        <Panel title={profileText.account}>
          <Loaded query={me} failed={profileText.failed} rows={4}>
            {(user) => <AccountForm key={user.id} user={user} />}
          </Loaded>
        </Panel>
        <Panel
          title={profileText.password}
          aside={
            me.data ? (
              <>
                {profileText.passwordChanged} <Time at={me.data.passwordChangedAt} />
              </>
            ) : null
          }
        >
          <p className={css.effect}>{profileText.passwordEffect}</p>
          <PasswordForm email={me.data?.email ?? ''} disabledReason={block} />
        </Panel>
      </div>
      <Sessions />
      <div className={css.columns}>
        <Panel title={settingsText.times}>
          <ZoneField />
        </Panel>
        <Panel title={profileText.keyboard}>
          <Field label={profileText.shortcuts} hint={profileText.shortcutsHint}>
            <input
              type="checkbox"
              checked={areOn}
              onChange={(event) => shortcuts.set(event.target.checked ? 'on' : 'off')}
            />
          </Field>
        </Panel>
      </div>
    </Page>
  );
}
