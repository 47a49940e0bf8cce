import { Button } from './Button';
import { focusBefore } from './focus';

/** A filter that is set, with the way to take it away. */
export function Chip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <Button
      size="small"
      aria-label={`${label}: remove`}
      onClick={(event) => {
        focusBefore(event.currentTarget);
        onRemove();
      }}
    >
      {label} <span aria-hidden="true">✕</span>
    </Button>
  );
}
