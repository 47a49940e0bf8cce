import { pages } from '../text';
import { Page } from '../ui/Page';

export function SettingsPage() {
  return <Page title={pages.settings}>{null}</Page>;
}
