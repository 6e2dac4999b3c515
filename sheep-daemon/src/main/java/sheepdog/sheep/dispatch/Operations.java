package sheepdog.sheep.dispatch;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.wire.Opcode;

/** The table: one line per opcode. Immutable. */
public final class Operations {
    private final Map<Opcode, Operation> byOpcode = new EnumMap<>(Opcode.class);

    public Operations(List<Operation> lines) {
        for (Operation line : lines) {
            Invariant.check(byOpcode.put(line.opcode(), line) == null, "two lines for %s", line.opcode());
        }
    }

    public Optional<Operation> find(int opcode) {
        return Opcode.of(opcode).map(byOpcode::get);
    }

    /** In the order of their numbers. */
    public List<Operation> all() {
        return List.copyOf(byOpcode.values());
    }
}
