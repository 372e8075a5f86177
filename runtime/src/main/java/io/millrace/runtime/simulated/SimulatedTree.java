package io.millrace.runtime.simulated;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The folders of a simulated disk, found by path. */
final class SimulatedTree {
  private final SimulatedFolder root = new SimulatedFolder();

  SimulatedFolder root() {
    return root;
  }

  static Path normal(Path path) {
    return path.toAbsolutePath().normalize();
  }

  static String name(Path path) {
    return String.valueOf(normal(path).getFileName());
  }

  @Nullable Object node(Path path) {
    Object node = root;
    for (Path part : normal(path)) {
      if (!(node instanceof SimulatedFolder folder)) {
        return null;
      }
      node = folder.names().get(part.toString());
    }
    return node;
  }

  SimulatedFolder parent(Path path) throws IOException {
    Path parent = normal(path).getParent();
    if (parent == null) {
      throw new NoSuchFileException(path.toString());
    }
    return folder(parent);
  }

  SimulatedFolder folder(Path path) throws IOException {
    return switch (node(path)) {
      case SimulatedFolder folder -> folder;
      case null -> throw new NoSuchFileException(path.toString());
      default -> throw new NotDirectoryException(path.toString());
    };
  }

  SimulatedFile file(Path path) throws IOException {
    return switch (node(path)) {
      case SimulatedFile file -> file;
      case null -> throw new NoSuchFileException(path.toString());
      default -> throw new IOException("Is a directory: " + path);
    };
  }

  /** Every folder, in order of paths. */
  List<SimulatedFolder> folders() {
    List<SimulatedFolder> found = new ArrayList<>();
    addFolders(root, found);
    return found;
  }

  /** Every file once, however many names it has, in order of its first one. */
  Set<SimulatedFile> files() {
    Set<SimulatedFile> found = new LinkedHashSet<>();
    forEachName(node -> found.add(node));
    return found;
  }

  /** Once for every name of every file. */
  void forEachName(Consumer<SimulatedFile> action) {
    for (SimulatedFolder folder : folders()) {
      for (Object node : folder.names().values()) {
        if (node instanceof SimulatedFile file) {
          action.accept(file);
        }
      }
    }
  }

  List<Path> paths(Path path) {
    List<Path> found = new ArrayList<>();
    if (node(path) instanceof SimulatedFolder folder) {
      addPaths(path, folder, found);
    }
    return found;
  }

  private static void addFolders(SimulatedFolder folder, List<SimulatedFolder> found) {
    found.add(folder);
    for (Object child : folder.names().values()) {
      if (child instanceof SimulatedFolder next) {
        addFolders(next, found);
      }
    }
  }

  private static void addPaths(Path path, SimulatedFolder folder, List<Path> found) {
    folder
        .names()
        .forEach((name, node) -> {
          if (node instanceof SimulatedFolder child) {
            addPaths(path.resolve(name), child, found);
          } else {
            found.add(path.resolve(name));
          }
        });
  }
}
