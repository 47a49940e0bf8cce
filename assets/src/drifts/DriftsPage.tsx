import { pages } from '../text';
import { Page } from '../ui/Page';

export function DriftsPage() {
  return <Page title={pages.drifts}>{null}</Page>;
}
