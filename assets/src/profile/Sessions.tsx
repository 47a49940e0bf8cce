import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { Schemas } from '../api/client';
import { queries } from '../api/queries';
import { signOut } from '../api/session';
import { passFocusOn } from '../keyboard/rows';
import { useWriteBlock } from '../shell/who';
import { profileText, shell } from '../text';
import { Button } from '../ui/Button';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { Loaded } from '../ui/Loaded';
import { Panel } from '../ui/Page';
import { Refetching } from '../ui/States';
import { toast } from '../ui/Toasts';
import { SessionTable } from './SessionTable';
import { endOthers, endSession, KEY, sessions } from './sessionCalls';

type Session = Schemas['Session'];

/** Where one is signed in, and the way to end it there. */
export function Sessions() {
  const block = useWriteBlock();
  const [isAsking, ask] = useState(false);
  const [ending, setEnding] = useState<string | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const found = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => sessions(signal),
  });
  const others = (found.data?.length ?? 1) - 1;
  const end = async (session: Session) => {
    setEnding(session.id);
    try {
      if (session.current) await signOut();
      else {
        await endSession(session.id);
        toast(profileText.ended);
        void passFocusOn(place.current, session.id, queries.invalidateQueries({ queryKey: KEY }));
      }
    } catch (error) {
      const what = session.current ? shell.signOutFailed : profileText.endFailed;
      toast(`${what}: ${error instanceof Error ? error.message : String(error)}`, { tone: 'failed' });
    } finally {
      setEnding(null);
    }
  };
  return (
    <Panel
      title={profileText.sessions}
      aside={
        others > 0 ? (
          <Button size="small" disabled={block !== undefined} title={block} onClick={() => ask(true)}>
            {profileText.endOthers}
          </Button>
        ) : found.data ? (
          profileText.onlyThis
        ) : null
      }
      flush
    >
      <Refetching active={found.isFetching && !found.isLoading} />
      <Loaded query={found} failed={profileText.sessionsFailed} rows={2}>
        {(list) => (
          <div ref={place}>
            <SessionTable
              sessions={list}
              busy={found.isFetching}
              block={block}
              ending={ending}
              onEnd={(session) => void end(session)}
            />
          </div>
        )}
      </Loaded>
      {isAsking ? (
        <ConfirmDialog
          title={profileText.endOthersTitle(others)}
          verb={profileText.endOthers}
          failed={profileText.endFailed}
          block={block}
          onClose={() => ask(false)}
          work={async () => {
            const ended = await endOthers();
            await queries.invalidateQueries({ queryKey: KEY });
            ask(false);
            toast(profileText.othersEnded(ended));
          }}
        >
          <p>{profileText.endOthersEffect}</p>
        </ConfirmDialog>
      ) : null}
    </Panel>
  );
}
