package sheepdog.it.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import sheepdog.it.process.Processes;
import sheepdog.it.process.TgtProcess;
import sheepdog.it.process.Tools;

/**
 * A real client: tgtd with its sheepdog store, and QEMU's iSCSI initiator on it, which is told by lines what to write and
 * to read.
 */
final class TgtPort implements Port {
    private final TgtProcess tgt;
    private final Process qemuIo;
    private final Writer commands;
    private final BufferedReader answers;
    private final Path buffer;

    private TgtPort(TgtProcess tgt, Process qemuIo, Path buffer) {
        this.tgt = tgt;
        this.qemuIo = qemuIo;
        this.buffer = buffer;
        commands = new OutputStreamWriter(qemuIo.getOutputStream(), StandardCharsets.US_ASCII);
        answers = new BufferedReader(new InputStreamReader(qemuIo.getInputStream(), StandardCharsets.US_ASCII));
    }

    /**
     * Starts a tgtd on a sheep.
     *
     * @param folder for its files; emptied by nobody, so a new one each time
     */
    static Opening open(Path folder, Path socket, String vdi) {
        return new Opening() {
            private Optional<TgtProcess> started = Optional.empty();
            private Optional<Process> initiator = Optional.empty();
            private boolean closed;

            @Override
            public Port ready() throws IOException {
                Files.createDirectories(folder);
                TgtProcess tgt;
                try {
                    tgt = TgtProcess.start(folder, "unix:" + socket + ":" + vdi);
                } catch (AssertionError refused) {
                    throw new IOException("tgtd does not open " + vdi, refused);
                }
                synchronized (this) {
                    started = Optional.of(tgt);
                    if (closed) {
                        tgt.kill();
                        throw new IOException("closed");
                    }
                    Process process = Processes.watched(new ProcessBuilder(
                                    Tools.find("qemu-io").orElseThrow().toString(), "-f", "raw", tgt.url(0))
                            // Its complaints come beside the line that tells the outcome.
                            .redirectError(folder.resolve("errors").toFile())
                            .start());
                    initiator = Optional.of(process);
                    return new TgtPort(tgt, process, folder.resolve("buffer"));
                }
            }

            @Override
            public synchronized void close() {
                closed = true;
                initiator.ifPresent(Process::destroyForcibly);
                started.ifPresent(TgtProcess::kill);
            }
        };
    }

    @Override
    public void write(long offset, byte[] data) throws IOException {
        Files.write(buffer, data);
        ask("write -s " + buffer + " " + offset + " " + data.length);
        await("wrote", data.length, new byte[0]);
    }

    @Override
    public byte[] read(long offset, int length) throws IOException {
        ask("read -v " + offset + " " + length);
        byte[] data = new byte[length];
        await("read", length, data);
        return data;
    }

    @Override
    public void close() {
        qemuIo.destroyForcibly();
        tgt.kill();
    }

    private void ask(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    /** Reads up to the line that tells the outcome; those before it may be a dump of what was read. */
    private void await(String done, int length, byte[] data) throws IOException {
        int filled = 0;
        while (true) {
            String line = answers.readLine();
            if (line == null) {
                throw new IOException("qemu-io ended");
            }
            String text = line.replaceFirst("^(qemu-io> )+", "");
            if (text.startsWith(done + " " + length + "/" + length)) {
                if (filled != data.length) {
                    throw new IllegalStateException("qemu-io showed " + filled + " of " + length + " bytes");
                }
                return;
            }
            if (text.matches("[0-9a-f]{8,}: .*") && filled < data.length) {
                String hex = text.substring(text.indexOf(':') + 1).strip();
                byte[] part = HexFormat.ofDelimiter(" ").parseHex(hex.substring(0, Math.min(47, hex.length())));
                System.arraycopy(part, 0, data, filled, part.length);
                filled += part.length;
            } else if (text.startsWith(done.equals("read") ? "read failed" : "write failed")) {
                throw new MediumException("qemu-io: " + text);
            }
        }
    }
}
