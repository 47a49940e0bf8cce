import { pages } from '../text';
import { Page } from '../ui/Page';

export function DashboardPage() {
  return <Page title={pages.dashboard}>{null}</Page>;
}
