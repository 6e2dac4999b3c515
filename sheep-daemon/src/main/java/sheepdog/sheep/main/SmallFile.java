package sheepdog.sheep.main;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import sheepdog.membership.files.Folder;

/** A file of a few words: there whole, or as it was before. Blocking. */
final class SmallFile {
    private SmallFile() {}

    /** On stable storage when it returns, its name included. */
    static void write(Folder folder, String name, String text) throws IOException {
        String temporary = name + ".tmp";
        try (var file = folder.create(temporary)) {
            file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
            file.sync();
        }
        folder.rename(temporary, name);
        folder.sync();
    }
}
