package sheepdog.sheep.main;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.files.Folder;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.sheep.recovery.RecoverySettings;

/** The file {@code recovery} of a store directory: a limit that {@code node recovery set-throttle} set. */
final class KeptLimit implements RecoverySettings.Keeper {
    private static final Logger LOG = LoggerFactory.getLogger(KeptLimit.class);
    private static final String FILE = "recovery";
    private static final Pattern TEXT = Pattern.compile("max=(\\d{1,10}),interval=(\\d{1,7})\n");

    private final Folder folder;

    KeptLimit(Folder folder) {
        this.folder = folder;
    }

    @Override
    public RecoveryLimit kept() {
        try {
            if (!folder.exists(FILE)) {
                return RecoveryLimit.NONE;
            }
            var text = TEXT.matcher(new String(folder.read(FILE), StandardCharsets.US_ASCII));
            if (text.matches()) {
                var limit = new RecoveryLimit(Integer.parseUnsignedInt(text.group(1)), Long.parseLong(text.group(2)));
                LOG.info("recovery limit as it was set before max={} interval={} ms", text.group(1), text.group(2));
                return limit;
            }
            LOG.warn("file {} is damaged, recovery has no limit", FILE);
        } catch (IOException | NumberFormatException failed) {
            LOG.warn("file {} cannot be read, recovery has no limit reason={}", FILE, failed.getMessage());
        }
        return RecoveryLimit.NONE;
    }

    @Override
    public Outcome<Void> keep(RecoveryLimit limit) {
        try {
            if (!limit.equals(RecoveryLimit.NONE)) {
                String max = Integer.toUnsignedString(limit.max());
                SmallFile.write(folder, FILE, "max=" + max + ",interval=" + limit.intervalMillis() + "\n");
            } else if (folder.exists(FILE)) {
                folder.delete(FILE);
                folder.sync();
            }
            return Outcome.done();
        } catch (IOException failed) {
            LOG.warn("the recovery limit is not kept reason={}", failed.getMessage());
            return Outcome.refused(ResultCode.EIO);
        }
    }
}
