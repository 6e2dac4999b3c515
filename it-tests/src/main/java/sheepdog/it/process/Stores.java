package sheepdog.it.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What lies in the store directories of a cluster. */
public final class Stores {
    private Stores() {}

    /** The objects of a store by name, with a checksum of their bytes. */
    public static TreeMap<String, String> objects(Path store) throws IOException {
        var found = new TreeMap<String, String>();
        try (Stream<Path> files = Files.list(store.resolve("obj"))) {
            for (Path file : files.filter(p -> p.getFileName().toString().matches("[0-9a-f]{16}"))
                    .toList()) {
                found.put(file.getFileName().toString(), sha256(Files.readAllBytes(file)));
            }
        }
        return found;
    }

    /** In hexadecimal. */
    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
