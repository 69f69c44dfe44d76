import { Send, Square } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/ui/Button";
import { Code } from "@/ui/Copy";
import { Failure } from "@/ui/States";
import { sendIt, type Answer } from "./answer";
import { AnswerView } from "./AnswerView";
import { BodyField } from "./BodyField";
import { emptyFilled } from "./filled";
import { HeaderLines, ParameterFields } from "./ParameterFields";
import type { Description, Operation } from "./openapi";
import { curl, prepare, type Filled } from "./request";
import { Method } from "./RouteList";

/** A route's fields, the button that sends them, and what came back. */
export function RequestForm({ operation, description }: { operation: Operation; description: Description }) {
  const [filled, setFilled] = useState<Filled>(() => emptyFilled(operation, description));
  const { answer, error, sending, start, stop } = useSending();
  const change = (part: Partial<Filled>): void => setFilled((before) => ({ ...before, ...part }));
  const prepared = prepare(operation, filled);
  return (
    <form
      aria-label={operation.id}
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        void start(operation, filled);
      }}
    >
      <header>
        <h3 className="font-semibold">{operation.summary}</h3>
        <p className="flex items-baseline gap-2">
          <Method method={operation.method} />
          <code className="min-w-0 font-mono text-xs wrap-anywhere">{operation.path}</code>
        </p>
        <p className="mt-2 max-w-prose text-sm whitespace-pre-line text-muted">
          {operation.description.replaceAll("`", "")}
        </p>
      </header>
      <ParameterFields
        parameters={operation.parameters}
        description={description}
        fields={filled.fields}
        onChange={(name, text) => change({ fields: { ...filled.fields, [name]: text } })}
      />
      {operation.body !== undefined && (
        <BodyField body={operation.body} description={description} filled={filled} onChange={change} />
      )}
      <HeaderLines text={filled.headers} onChange={(headers) => change({ headers })} />
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" look="primary" busy={sending} icon={<Send aria-hidden />}>
          Send
        </Button>
        {sending && (
          <Button onClick={stop} icon={<Square aria-hidden />}>
            Stop
          </Button>
        )}
        <code className="min-w-0 flex-1 font-mono text-xs wrap-anywhere text-muted">
          {prepared.method} {prepared.url}
        </code>
      </div>
      {error !== undefined && <Failure error={error} />}
      {answer !== undefined && <AnswerView answer={answer} />}
      <section>
        <h4 className="mb-1 text-sm font-semibold">The same with curl</h4>
        <Code text={curl(prepared, window.location.origin)} label="The request as a curl command" />
      </section>
    </form>
  );
}

/** Sends one request at a time; leaving the route stops it. */
function useSending() {
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<unknown>();
  const [sending, setSending] = useState(false);
  const stopper = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => stopper.current?.abort(), []);
  const start = async (operation: Operation, filled: Filled): Promise<void> => {
    const own = new AbortController();
    stopper.current?.abort();
    stopper.current = own;
    setSending(true);
    setError(undefined);
    setAnswer(undefined);
    try {
      setAnswer(await sendIt(prepare(operation, filled), own.signal, setAnswer));
    } catch (failure) {
      if (!own.signal.aborted) setError(failure);
    } finally {
      setSending(false);
    }
  };
  return { answer, error, sending, start, stop: () => stopper.current?.abort() };
}
