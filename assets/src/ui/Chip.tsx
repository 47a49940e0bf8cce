import { Button } from './Button';

/** A filter that is set, with the way to take it away. */
export function Chip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <Button size="small" onClick={onRemove} aria-label={`${label}: remove`}>
      {label} <span aria-hidden="true">✕</span>
    </Button>
  );
}
