package sheepdog.launcher;

import java.nio.charset.StandardCharsets;

/** A program for the launcher's tests: the first argument says what it does. */
public final class Probe {
    private Probe() {}

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "report" -> {
                System.out.println("java=" + Runtime.version().feature());
                System.out.println("property=" + System.getProperty("probe.property"));
                System.out.println("args=" + String.join("|", args));
                System.err.println("complaint");
            }
            case "echo" -> System.out.write(System.in.readAllBytes());
            case "exit" -> System.exit(Integer.parseInt(args[1]));
            case "throw" -> throw new IllegalStateException("thrown by the program");
            case "wait" -> {
                Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("ended in order")));
                System.out.println("pid=" + ProcessHandle.current().pid());
                System.out.flush();
                new java.util.concurrent.CountDownLatch(1).await();
            }
            default -> System.out.write(args[0].getBytes(StandardCharsets.UTF_8));
        }
        System.out.flush();
    }
}
