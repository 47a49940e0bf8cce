import { Fragment, useState } from 'react';
import { groups, useShortcuts } from '../keyboard/shortcuts';
import { shortcuts } from '../preferences/preferences';
import { shell } from '../text';
import { Dialog } from '../ui/Dialog';
import { Time } from '../ui/Time';
import { history } from '../ui/Toasts';
import { useCell } from '../useCell';
import css from './Help.module.css';

/** What keys do here, and what was said lately. */
export function Help() {
  const [isOpen, open] = useState(false);
  useShortcuts(shell.everywhere, [{ keys: '?', label: shell.help, run: () => open(true) }]);
  return isOpen ? <HelpDialog onClose={() => open(false)} /> : null;
}

function HelpDialog({ onClose }: { onClose: () => void }) {
  const shown = useCell(groups);
  const said = useCell(history);
  const isOn = useCell(shortcuts) === 'on';
  const titles = [...new Set(shown.map(({ title }) => title))];
  return (
    <Dialog title={shell.shortcuts} onClose={onClose} wide>
      {isOn ? null : <p>{shell.shortcutsOff}</p>}
      <div className={css.groups}>
        {titles.map((title) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl className={css.keys}>
              {shown
                .filter((group) => group.title === title)
                .flatMap(({ list }) => list)
                .map(({ keys, label }) => (
                  <Fragment key={keys}>
                    <dt>
                      <Keys keys={keys} />
                    </dt>
                    <dd>{label}</dd>
                  </Fragment>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <section>
        <h3>{shell.recent}</h3>
        {said.length === 0 ? <p>{shell.noneRecent}</p> : null}
        <ul className={css.said}>
          {said.map((one) => (
            <li key={one.id}>
              <Time at={one.at} /> {one.text}
            </li>
          ))}
        </ul>
      </section>
    </Dialog>
  );
}

function Keys({ keys }: { keys: string }) {
  return keys.split(' ').map((key, at) => (
    <Fragment key={key}>
      {at > 0 ? ` ${shell.andThen} ` : null}
      {key.split('+').map((part) => (
        <kbd key={part}>{part}</kbd>
      ))}
    </Fragment>
  ));
}
