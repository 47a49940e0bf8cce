import { pages } from '../text';
import { Page } from '../ui/Page';

export function ScanPage() {
  return <Page title={pages.workspaces}>{null}</Page>;
}
