import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";

/** A button that opens a list of things to do, or to choose. `MenuItem`s and `MenuCheck`s go inside. */
export function Menu({ trigger, children, end }: { trigger: ReactNode; children: ReactNode; end?: boolean }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={end === true ? "end" : "start"}
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-[60vh] min-w-44 overflow-y-auto rounded-lg border bg-raised p-1 shadow-raised"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

const ITEM =
  "flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm outline-none select-none data-disabled:cursor-not-allowed data-disabled:text-faint data-highlighted:bg-sunken [&_svg]:size-4";

interface ItemProps {
  onSelect: () => void;
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  children: ReactNode;
}

export function MenuItem({ onSelect, icon, danger, disabled, children }: ItemProps) {
  return (
    <DropdownMenu.Item
      className={cx(ITEM, danger === true && "text-bad")}
      onSelect={onSelect}
      {...(disabled === true ? { disabled } : {})}
    >
      {icon}
      {children}
    </DropdownMenu.Item>
  );
}

/** A choice that is on or off; the list stays open. */
export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <DropdownMenu.CheckboxItem
      className={ITEM}
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className="w-4 text-accent">{checked ? "✓" : ""}</span>
      {children}
    </DropdownMenu.CheckboxItem>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="px-2 py-1 text-xs text-muted">{children}</DropdownMenu.Label>;
}

export function MenuLine() {
  return <DropdownMenu.Separator className="my-1 border-t" />;
}
