package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.wire.Opcode;
import sheepdog.sheep.dispatch.Operation;
import sheepdog.sheep.testkit.TestCluster;

class OperationTableTest {
    /** Asked by clients or sheep that came later than the version we follow; answered as unknown opcodes are. */
    private static final Set<Opcode> LATER = EnumSet.range(Opcode.GET_HASH, Opcode.GET_VNODES);

    static {
        LATER.removeAll(Set.of(Opcode.GET_RECOVERY, Opcode.SET_RECOVERY));
    }

    /** What C sheep say among themselves, and tracing of C functions: no client of ours asks for it. */
    private static final Set<Opcode> OF_C_SHEEP = EnumSet.of(
            Opcode.TRACE,
            Opcode.TRACE_READ_BUF,
            Opcode.TRACE_ENABLE,
            Opcode.TRACE_DISABLE,
            Opcode.NOTIFY_VDI_DEL,
            Opcode.NOTIFY_VDI_ADD,
            Opcode.GET_VDI_COPIES,
            Opcode.COMPLETE_RECOVERY,
            Opcode.FLUSH_NODES,
            Opcode.FLUSH_PEER);

    private static String table() {
        var operations = TestCluster.of(1, 1).host(1).wiring().operations();
        var text = new StringBuilder("""
                # Operations

                What a client can ask of a sheep. Printed from the table in the code by its test; do not edit.
                *Before serving*: also answered while the cluster is not formatted, not whole, or halted.

                | opcode | name | kind | before serving |
                |---|---|---|---|
                """);
        for (Operation operation : operations.all()) {
            text.append("| 0x%02x | %s | %s | %s |\n"
                    .formatted(
                            operation.opcode().code(),
                            operation.opcode(),
                            operation.kind().name().toLowerCase(Locale.ROOT),
                            operation.beforeServing() ? "yes" : ""));
        }
        return text.toString();
    }

    @Test
    void everyOpcodeIsInTheTableOrHasAReasonNotToBe() {
        var operations = TestCluster.of(1, 1).host(1).wiring().operations();
        var missing = Arrays.stream(Opcode.values())
                .filter(o -> !o.isBetweenSheep())
                .filter(o -> operations.find(o.code()).isEmpty())
                .toList();

        var excused = EnumSet.copyOf(LATER);
        excused.addAll(OF_C_SHEEP);
        assertThat(missing).containsExactlyInAnyOrderElementsOf(excused);
    }

    @Test
    void theDocumentIsWhatTheTableSays() throws IOException {
        Path document = Path.of("..", "docs", "operations.md");
        String table = table();
        String written = Files.exists(document) ? Files.readString(document) : "";
        if (!written.equals(table)) {
            Files.createDirectories(document.getParent());
            Files.writeString(document, table);
        }

        assertThat(written)
                .as("docs/operations.md was not up to date and has been written")
                .isEqualTo(table);
    }
}
