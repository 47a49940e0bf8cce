import { pages } from '../text';
import { Page } from '../ui/Page';

export function UsersPage() {
  return <Page title={pages.users}>{null}</Page>;
}
