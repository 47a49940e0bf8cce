import type { Schemas } from '../api/client';
import { scanStatuses } from '../text';
import { Badge } from '../ui/Badge';

export type ScanStatusName = Schemas['Scan']['status'];

export const SCAN_STATUSES = ['complete', 'partial', 'failed'] as const satisfies ScanStatusName[];

const TONES = { complete: 'good', partial: 'caution', failed: 'bad' } as const satisfies Record<ScanStatusName, string>;

/** How much a scan proves. */
export function ScanStatus({ status }: { status: ScanStatusName }) {
  return <Badge tone={TONES[status]}>{scanStatuses[status]}</Badge>;
}
