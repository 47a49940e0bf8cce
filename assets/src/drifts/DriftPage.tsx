import { pages } from '../text';
import { Page } from '../ui/Page';

export function DriftPage() {
  return <Page title={pages.drifts}>{null}</Page>;
}
