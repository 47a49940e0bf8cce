import { type ReactNode, useState } from 'react';
import { common } from '../text';
import { WordField } from '../ui/WordField';
import { useWorkspaceNames } from './useNames';

interface Props {
  label?: string;
  hideLabel?: boolean;
  hint?: ReactNode;
  error?: string | null | undefined;
  addLabel?: string;
  onPick: (name: string) => void;
}

/** Takes the name of one workspace after the other: they are looked up while one types. */
export function WorkspaceField({ label = common.workspace, ...props }: Props) {
  const [typed, type] = useState('');
  const [isUsed, use] = useState(false);
  const known = useWorkspaceNames(typed, isUsed);
  return <WordField {...props} label={label} known={known} onType={type} onFocus={() => use(true)} />;
}
