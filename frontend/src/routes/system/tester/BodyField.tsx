import { Button } from "@/ui/Button";
import { Field, Input, Select, Textarea } from "@/ui/Field";
import { exampleOf } from "./example";
import { asJson, filledBody, isFile } from "./filled";
import type { Description, Operation } from "./openapi";
import { FORM, type Filled } from "./request";

/** The body of a request: text that is sent as it stands, or the parts of a form. */
export function BodyField({
  body,
  description,
  filled,
  onChange,
}: {
  body: NonNullable<Operation["body"]>;
  description: Description;
  filled: Filled;
  onChange: (part: Partial<Filled>) => void;
}) {
  const types = Object.keys(body.content);
  const content = body.content[filled.contentType ?? ""];
  if (content === undefined) return null;
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 text-sm font-semibold">Body</legend>
      <div className="flex flex-wrap items-center gap-2">
        {types.length > 1 && (
          <Select
            aria-label="Content type"
            className="h-8! w-auto!"
            value={filled.contentType}
            onChange={(event) => onChange(filledBody({ body }, description, event.target.value))}
          >
            {types.map((type) => (
              <option key={type}>{type}</option>
            ))}
          </Select>
        )}
        {filled.contentType !== FORM && (
          <Button
            small
            look="quiet"
            onClick={() => onChange({ body: asJson(exampleOf(content, description)) })}
          >
            Fill in the example
          </Button>
        )}
      </div>
      {filled.contentType === FORM ? (
        Object.entries(filled.parts).map(([name, part]) =>
          isFile(name, content, description) ? (
            <Field key={name} label={<code className="font-mono text-xs">{name}</code>}>
              {(wiring) => (
                <Input
                  {...wiring}
                  type="file"
                  className="py-1.5"
                  onChange={(event) =>
                    onChange({ parts: { ...filled.parts, [name]: event.target.files?.[0] ?? "" } })
                  }
                />
              )}
            </Field>
          ) : (
            <Json
              key={name}
              label={name}
              text={typeof part === "string" ? part : ""}
              onChange={(text) => onChange({ parts: { ...filled.parts, [name]: text } })}
            />
          ),
        )
      ) : (
        <Json
          label="JSON"
          text={filled.body}
          {...(body.required ? {} : { empty: "This route needs no body." })}
          onChange={(text) => onChange({ body: text })}
        />
      )}
    </fieldset>
  );
}

function Json({
  label,
  text,
  empty,
  onChange,
}: {
  label: string;
  text: string;
  empty?: string;
  onChange: (text: string) => void;
}) {
  const wrong = notJson(text);
  return (
    <Field
      label={<code className="font-mono text-xs">{label}</code>}
      hint={wrong ?? (text === "" ? empty : undefined)}
    >
      {(wiring) => (
        <Textarea
          {...wiring}
          spellCheck={false}
          rows={Math.min(18, Math.max(4, text.split("\n").length))}
          className="font-mono text-xs leading-5"
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/** A remark, not a refusal: what the API says to it can be worth seeing. */
function notJson(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `This is not JSON (${error instanceof Error ? error.message : "unreadable"}). It is sent as it stands.`;
  }
}
