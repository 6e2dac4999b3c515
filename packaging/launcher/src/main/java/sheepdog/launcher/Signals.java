package sheepdog.launcher;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * Hands the signals that end a program on to a child and lets the child decide. By reflection, since a compiler for
 * Java 8 hides {@code sun.misc.Signal}, though every Java has it.
 */
final class Signals {
    private Signals() {}

    /** From now on TERM, INT and HUP are the child's; those that are ignored here stay ignored. */
    static void passOn(final Process child) {
        final long pid = pid(child);
        for (final String name : new String[] {"TERM", "INT", "HUP"}) {
            try {
                Class<?> handler = Class.forName("sun.misc.SignalHandler");
                Class<?> signal = Class.forName("sun.misc.Signal");
                Object forward = Proxy.newProxyInstance(
                        Signals.class.getClassLoader(), new Class<?>[] {handler}, new InvocationHandler() {
                            @Override
                            public Object invoke(Object proxy, Method method, Object[] args) {
                                send(child, pid, name);
                                return null;
                            }
                        });
                Object old = signal.getMethod("handle", signal, handler)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), forward);
                Object ignored = handler.getField("SIG_IGN").get(null);
                if (ignored.equals(old)) {
                    signal.getMethod("handle", signal, handler)
                            .invoke(null, signal.getConstructor(String.class).newInstance(name), ignored);
                }
            } catch (ReflectiveOperationException notOffered) {
                continue; // The signal then ends this process, and with it the child.
            }
        }
    }

    private static void send(Process child, long pid, String name) {
        if (name.equals("TERM") || pid <= 0) {
            child.destroy();
            return;
        }
        try {
            new ProcessBuilder("/bin/sh", "-c", "kill -" + name + " " + pid)
                    .start()
                    .waitFor();
        } catch (IOException noShell) {
            child.destroy();
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    private static long pid(Process child) {
        try {
            return (Long) Process.class.getMethod("pid").invoke(child);
        } catch (ReflectiveOperationException java8) {
            return pidOfJava8(child);
        }
    }

    private static long pidOfJava8(Process child) {
        try {
            Field pid = child.getClass().getDeclaredField("pid");
            pid.setAccessible(true);
            return pid.getInt(child);
        } catch (ReflectiveOperationException unknown) {
            return 0;
        }
    }
}
