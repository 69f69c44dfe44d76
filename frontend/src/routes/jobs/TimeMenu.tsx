import { Calendar, Check } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { Menu, MenuItem, MenuLine } from "@/ui/Menu";
import { moment, PRESETS, type Search } from "./search";
import { forField, timeWords } from "./words";

type Times = Pick<Search, "created_after" | "created_before">;

/** When the jobs were submitted: stretches that end now, or from one moment to another. */
export function TimeMenu({ search, onChoose }: { search: Search; onChoose: (times: Times) => void }) {
  const [asking, setAsking] = useState(false);
  const { created_after, created_before } = search;
  const filtered = created_after !== undefined || created_before !== undefined;
  const choose = (name: string | undefined) => () =>
    onChoose({ created_after: name, created_before: undefined });
  const mark = (on: boolean) => <Check aria-hidden className={on ? "text-accent" : "invisible"} />;
  return (
    <>
      <Menu
        trigger={<Button icon={<Calendar aria-hidden />}>{filtered ? timeWords(search) : "Any time"}</Button>}
      >
        <MenuItem icon={mark(!filtered)} onSelect={choose(undefined)}>
          Any time
        </MenuItem>
        {PRESETS.map(({ name, label }) => (
          <MenuItem
            key={name}
            icon={mark(created_after === name && created_before === undefined)}
            onSelect={choose(name)}
          >
            {label}
          </MenuItem>
        ))}
        <MenuLine />
        <MenuItem
          icon={mark(filtered && moment(created_after, 0) !== undefined && !created_after?.startsWith("-"))}
          onSelect={() => setAsking(true)}
        >
          From … to …
        </MenuItem>
      </Menu>
      {asking && (
        <Between
          search={search}
          onClose={() => setAsking(false)}
          onChoose={(times) => {
            setAsking(false);
            onChoose(times);
          }}
        />
      )}
    </>
  );
}

function Between({
  search,
  onClose,
  onChoose,
}: {
  search: Search;
  onClose: () => void;
  onChoose: (times: Times) => void;
}) {
  const [from, setFrom] = useState(() => forField(moment(search.created_after, Date.now())));
  const [to, setTo] = useState(() => forField(moment(search.created_before, Date.now())));
  const wrong = from !== "" && to !== "" && from >= to;
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (wrong) return;
    onChoose({ created_after: asMoment(from), created_before: asMoment(to) });
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Jobs submitted"
      description="In your time zone. A field left empty does not limit."
    >
      <form onSubmit={submit} className="flex flex-col gap-3 p-0.5">
        <Field label="From">
          {(wiring) => (
            <Input
              {...wiring}
              type="datetime-local"
              value={from}
              onChange={(event) => setFrom(event.target.value)}
            />
          )}
        </Field>
        <Field label="To" error={wrong ? "must be later than the beginning" : undefined}>
          {(wiring) => (
            <Input
              {...wiring}
              type="datetime-local"
              value={to}
              onChange={(event) => setTo(event.target.value)}
            />
          )}
        </Field>
        <div className="flex justify-end">
          <Button type="submit" look="primary" disabled={wrong}>
            Show
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What such a field says, as the address writes it. */
function asMoment(local: string): string | undefined {
  return local === "" ? undefined : new Date(local).toISOString();
}
