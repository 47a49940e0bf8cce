import { pages } from '../text';
import { Page } from '../ui/Page';

export function AuditPage() {
  return <Page title={pages.audit}>{null}</Page>;
}
