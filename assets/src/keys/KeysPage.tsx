import { pages } from '../text';
import { Page } from '../ui/Page';

export function KeysPage() {
  return <Page title={pages.keys}>{null}</Page>;
}
