import { count, plural } from '../format/numbers';

export const shell = {
  skip: 'Skip to content',
  navigation: 'Main',
  menu: 'Menu',
  administration: 'Administration',
  signOut: 'Sign out',
  signOutFailed: 'You could not be signed out',
  takeOffer: 'Undo, or what else the newest message offers',
  shortcuts: 'Keyboard shortcuts',
  shortcutsOff: 'Single-key shortcuts are off. Switch them on in your profile.',
  everywhere: 'Everywhere',
  help: 'Show this help',
  search: 'Search',
  goTo: (page: string) => `Go to ${page}`,
  andThen: 'then',
  notifications: 'Notifications',
  recent: 'Recent notifications',
  noneRecent: 'Nothing was said since you opened this page.',
  unread: (unread: number) => `${plural(unread, 'unread alert')}`,
  notFound: 'Nothing is at this address. It may have been removed, or the link is incomplete.',
  toDashboard: 'Go to the dashboard',
  forbidden: 'Your role does not allow this page. An administrator can change your role.',
  crashed: 'This page has stopped working',
  reload: 'Reload',
  outdated: 'DriftSentry was upgraded. Reload the page to get the new version.',
  criticalAlert: 'Open',
};

export const connectionText = {
  lost: 'Connection lost.',
  retryIn: (seconds: number) => (seconds <= 0 ? 'Trying again…' : `Trying again in ${count(seconds)} s.`),
  dataFrom: (clock: string) => `Data from ${clock}.`,
  tryNow: 'Try now',
  back: 'Reconnected',
  writesOff: 'The server does not answer. This can be done when the connection is back.',
};
