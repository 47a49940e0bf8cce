import { pages } from '../text';
import { Page } from '../ui/Page';

export function AlertsPage() {
  return <Page title={pages.alerts}>{null}</Page>;
}
