import './styles.css';
import './motion.css';
import { askAhead } from './api/ahead';
import { session, start } from './api/session';
import { firstCalls } from './firstCalls';
import { load, patternOf } from './pages';

/*
 * The first code that runs, and no more than can be there at once: it finds out who is there and asks for what the page
 * will show, while the page's own code is still on the way.
 */

const started = start();
const asked = started.then(() => {
  const now = session.get();
  if (now.state !== 'in' || now.user.mustChangePassword) return;
  for (const call of firstCalls(location)) askAhead(call, now.token);
});
const pattern = patternOf(location.pathname);
// Where it fails, showing the page fails again and says so.
const page = pattern === undefined ? undefined : load(pattern).catch(() => undefined);
void import('./app').then(({ open }) => open(asked, page));
