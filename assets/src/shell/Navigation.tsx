import { usePathname } from 'wouter/use-browser-location';
import { useUnreadAlerts } from '../alerts/unread';
import { signOut } from '../api/session';
import { useShortcuts } from '../keyboard/shortcuts';
import { common, pages, shell } from '../text';
import { Button } from '../ui/Button';
import { Link } from '../ui/Link';
import { toast } from '../ui/Toasts';
import { go } from '../url/go';
import css from './Navigation.module.css';
import { useAccount, useMay } from './who';

interface Props {
  /** On a narrow screen, the menu is put away until it is asked for. */
  isOpen: boolean;
  onToggle: () => void;
}

const MAIN = [
  { to: '/', title: pages.dashboard },
  { to: '/drifts', title: pages.drifts },
  { to: '/alerts', title: pages.alerts },
  { to: '/workspaces', title: pages.workspaces },
];
const ADMINISTRATION = [
  { to: '/audit', title: pages.audit },
  { to: '/admin/users', title: pages.users },
  { to: '/admin/keys', title: pages.keys },
];

export function Navigation({ isOpen, onToggle }: Props) {
  const account = useAccount();
  const { administer } = useMay();
  const unread = useUnreadAlerts();
  const leave = () =>
    void signOut().catch((error: Error) => toast(`${shell.signOutFailed}: ${error.message}`, { tone: 'failed' }));
  return (
    <header className={css.header} data-open={isOpen || undefined}>
      <div className={css.bar}>
        <Link to="/" className={css.brand}>
          <img src="/favicon.svg" alt="" width="26" height="26" />
          {common.product}
        </Link>
        <Button className={css.toggle} aria-expanded={isOpen} aria-controls="navigation" onClick={onToggle}>
          {shell.menu}
          {unread > 0 ? <Count unread={unread} /> : null}
        </Button>
      </div>
      <div className={css.menu} id="navigation">
        <nav aria-label={shell.navigation}>
          <ul className={css.list}>
            {MAIN.map((item) => (
              <Item key={item.to} {...item}>
                {item.to === '/alerts' && unread > 0 ? <Count unread={unread} /> : null}
              </Item>
            ))}
          </ul>
          {administer ? (
            <>
              <p className={css.group} id="administration">
                {shell.administration}
              </p>
              <ul className={css.list} aria-labelledby="administration">
                {ADMINISTRATION.map((item) => (
                  <Item key={item.to} {...item} />
                ))}
              </ul>
            </>
          ) : null}
        </nav>
        <div className={css.foot}>
          <ul className={css.list}>
            <Item to="/settings" title={pages.settings} />
            <li>
              <a className={css.item} href="/docs">
                {pages.docs}
              </a>
            </li>
            <Item to="/profile" title={pages.profile} detail={account.email} />
          </ul>
          <Button look="quiet" className={css.leave} onClick={leave}>
            {shell.signOut}
          </Button>
        </div>
      </div>
      <GoTo administer={administer} />
    </header>
  );
}

function Count({ unread }: { unread: number }) {
  return (
    <span className={css.count}>
      <span aria-hidden="true">{unread > 999 ? '999+' : unread}</span>
      <span className="visually-hidden">, {shell.unread(unread)}</span>
    </span>
  );
}

function Item({
  to,
  title,
  detail,
  children,
}: {
  to: string;
  title: string;
  detail?: string;
  children?: React.ReactNode;
}) {
  const pathname = usePathname();
  const isHere = to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`);
  return (
    <li>
      <Link to={to} className={css.item} aria-current={isHere ? 'page' : undefined}>
        <span className={css.title}>
          {title}
          {detail ? <small className={css.detail}>{detail}</small> : null}
        </span>
        {children}
      </Link>
    </li>
  );
}

function GoTo({ administer }: { administer: boolean }) {
  const to = (path: string) => () => go(path);
  useShortcuts(shell.everywhere, [
    { keys: 'g d', label: shell.goTo(pages.dashboard), run: to('/') },
    { keys: 'g f', label: shell.goTo(pages.drifts), run: to('/drifts') },
    { keys: 'g w', label: shell.goTo(pages.workspaces), run: to('/workspaces') },
    { keys: 'g a', label: shell.goTo(pages.alerts), run: to('/alerts') },
    ...(administer ? [{ keys: 'g l', label: shell.goTo(pages.audit), run: to('/audit') }] : []),
    { keys: 'g s', label: shell.goTo(pages.settings), run: to('/settings') },
  ]);
  return null;
}
