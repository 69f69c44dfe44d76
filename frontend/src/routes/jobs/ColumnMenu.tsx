import { Columns3 } from "lucide-react";
import { IconButton } from "@/ui/IconButton";
import { Menu, MenuCheck, MenuItem, MenuLabel, MenuLine } from "@/ui/Menu";
import { COLUMN_IDS, FACES } from "./columns";

/** Which columns the table has. */
export function ColumnMenu({
  visibility,
  onChoose,
  onReset,
}: {
  visibility: Record<string, boolean>;
  onChoose: (id: string, on: boolean) => void;
  onReset: () => void;
}) {
  return (
    <Menu
      end
      trigger={
        <IconButton label="Choose columns" className="border border-line bg-surface">
          <Columns3 aria-hidden />
        </IconButton>
      }
    >
      <MenuLabel>Columns</MenuLabel>
      {COLUMN_IDS.filter((id) => id !== "what").map((id) => (
        <MenuCheck key={id} checked={visibility[id] === true} onChange={(on) => onChoose(id, on)}>
          {FACES[id].label}
        </MenuCheck>
      ))}
      <MenuLine />
      <MenuItem onSelect={onReset}>As they were at first</MenuItem>
    </Menu>
  );
}
