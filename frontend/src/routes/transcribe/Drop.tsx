import { FileAudio, Upload } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState, type DragEvent } from "react";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";

/** Takes files: dropped on it, chosen, or pasted anywhere on the page. */
export function Drop({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const pasted = useEffectEvent((event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  });
  useEffect(() => {
    const listen = (event: ClipboardEvent): void => pasted(event);
    window.addEventListener("paste", listen);
    return () => window.removeEventListener("paste", listen);
  }, []);
  const drag = (on: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(on);
  };
  return (
    <div
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        drag(false)(event);
        onFiles([...event.dataTransfer.files]);
      }}
      className={cx(
        "flex flex-col items-center gap-2 rounded-lg border border-dashed px-4 py-6 text-center",
        over ? "border-accent bg-accent-soft" : "border-line-strong",
      )}
    >
      <FileAudio aria-hidden className="size-7 text-faint" />
      <p className="text-sm">Drop recordings here, or paste them.</p>
      <Button icon={<Upload aria-hidden />} onClick={() => input.current?.click()} data-main-field>
        Choose files
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        aria-label="Recordings"
        accept="audio/*,video/*,.opus,.flac,.mka,.caf,.amr"
        className="sr-only"
        tabIndex={-1}
        onChange={({ target }) => {
          onFiles([...(target.files ?? [])]);
          // The same file can be chosen again.
          target.value = "";
        }}
      />
      <p className="text-xs text-muted">Audio, or video with sound; several at once.</p>
    </div>
  );
}
