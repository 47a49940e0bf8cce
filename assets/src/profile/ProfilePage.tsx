import { pages } from '../text';
import { Page } from '../ui/Page';

export function ProfilePage() {
  return <Page title={pages.profile}>{null}</Page>;
}
