package sheepdog.sheep.main;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** What the C library says of an error, where the JDK has made a type of it. */
final class SystemError {
    private SystemError() {}

    static String text(IOException error) {
        return switch (error) {
            case NoSuchFileException _ -> "No such file or directory";
            case AccessDeniedException _ -> "Permission denied";
            case FileAlreadyExistsException _ -> "File exists";
            case NotDirectoryException _ -> "Not a directory";
            case FileSystemException named when named.getReason() != null -> named.getReason();
            default -> String.valueOf(error.getMessage());
        };
    }
}
