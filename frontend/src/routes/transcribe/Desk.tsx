import { useQuery } from "@tanstack/react-query";
import { FileText } from "lucide-react";
import { useRef, useState } from "react";
import type { Model } from "@/api/types";
import { plural } from "@/lib/numbers";
import { versionQuery } from "@/nouns/health/queries";
import type { FieldProblems } from "@/nouns/submit/problem";
import { useKeys } from "@/shell/keys";
import { Button } from "@/ui/Button";
import { Empty } from "@/ui/States";
import { Drop } from "./Drop";
import { FromNotice } from "./FromNotice";
import { LeaveGuard } from "./LeaveGuard";
import { RecordingCard } from "./RecordingCard";
import { Recorder } from "./Recorder";
import { clearRecordings, useRecordings } from "./recordings";
import { newItem, useSending } from "./sending";
import { settingsProblems } from "./settings";
import { SettingsFields } from "./SettingsFields";
import { Speakers } from "./Speakers";
import { SendingList, StagedList } from "./StagedList";
import { useStart, type Wanted } from "./start";
import { fileProblem } from "./upload";

/** So many recordings are shown at first. */
const AT_FIRST = 5;

/** What is to be sent, how, and what came of what was sent. */
export function Desk({ models, search }: { models: readonly Model[]; search: Wanted }) {
  const { settings, setSettings, staged, setStaged, from } = useStart(models, search);
  const limit = useQuery(versionQuery).data?.limits.body_bytes;
  const recordings = useRecordings();
  const [shown, setShown] = useState(AT_FIRST);
  const [problems, setProblems] = useState<FieldProblems>({});
  const sending = useSending(models, (item) => setStaged((before) => [item, ...before]));
  const results = useRef<HTMLDivElement>(null);
  const ready = staged.filter(({ refused }) => refused === undefined);
  const add = (source: Blob, name: string, recorded: boolean): void =>
    setStaged((before) => [
      ...before,
      newItem({ source, name, recorded, refused: fileProblem(source.size, limit) }),
    ]);
  const send = (): void => {
    const wrong = settingsProblems(settings, models);
    setProblems(wrong);
    if (Object.keys(wrong).length > 0 || ready.length === 0) return;
    setStaged((before) => before.filter(({ refused }) => refused !== undefined));
    sending.send(ready, settings);
    // On a narrow screen what comes of it is below.
    if (!window.matchMedia("(width >= 64rem)").matches)
      window.requestAnimationFrame(() => results.current?.scrollIntoView());
  };
  useKeys({ "mod+enter": send });
  const recorded = staged.some((item) => item.recorded);
  const unsaved = recorded
    ? "A recording was not sent yet. It is only on this page, and gone when you leave it."
    : sending.items.length > 0
      ? "Recordings are still being sent. What is not there yet would have to be sent again."
      : null;
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[24rem_minmax(0,1fr)]">
      <LeaveGuard unsaved={unsaved} />
      <form
        noValidate
        className="flex min-w-0 flex-col gap-4 rounded-lg border bg-surface p-4"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <FromNotice from={from} />
        <Drop
          onFiles={(files) => {
            for (const file of files) add(file, file.name, false);
          }}
        />
        <Recorder onDone={(sound) => add(sound, `Recording of ${new Date().toLocaleTimeString()}`, true)} />
        <StagedList
          items={staged}
          onRemove={(id) => setStaged((before) => before.filter((each) => each.id !== id))}
        />
        <Button type="submit" look="primary" disabled={ready.length === 0} icon={<FileText aria-hidden />}>
          {ready.length < 2 ? "Send" : `Send ${plural(ready.length, "recording")}`}
        </Button>
        <SettingsFields
          models={models}
          value={settings}
          problems={problems}
          onChange={(next) => {
            setSettings(next);
            setProblems({});
          }}
        />
      </form>
      <div ref={results} className="flex min-w-0 scroll-mt-16 flex-col gap-5">
        <SendingList items={sending.items} onStop={sending.stop} onAgain={sending.again} />
        {recordings.slice(0, shown).map((recording) => (
          <RecordingCard key={recording.id} recording={recording} />
        ))}
        <Speakers recordings={recordings.slice(0, shown)} />
        {recordings.length > 0 && (
          <div className="flex flex-wrap justify-center gap-2">
            {recordings.length > shown && (
              <Button small onClick={() => setShown(recordings.length)}>
                Show {recordings.length - shown} earlier
              </Button>
            )}
            <Button small look="quiet" onClick={clearRecordings}>
              Take all off this page
            </Button>
          </div>
        )}
        {recordings.length === 0 && sending.items.length === 0 && (
          <div className="rounded-lg border border-dashed">
            <Empty title="Nothing transcribed yet" icon={<FileText aria-hidden />}>
              Choose a file or record something, then press Send. The words appear here, each at its place in
              the recording.
            </Empty>
          </div>
        )}
      </div>
    </div>
  );
}
