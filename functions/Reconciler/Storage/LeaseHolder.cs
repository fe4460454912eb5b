using System.Security.Cryptography;
using System.Text;

namespace IngressReconciler.Storage;

/// <summary>
/// Under which id this process takes leases. One that is killed and started again in the same place
/// (<see cref="StorageOptions.Instance"/>) has its lease back at once, by the same id; two that run in one place at the same time never
/// have the same. What tells these apart is a lock on a file of this machine, which the system takes away from a process that dies: who
/// has it knows that its predecessor is gone. The id stands in that file and was drawn at random, so it is no other machine's either,
/// whatever that one is called.
/// </summary>
internal sealed class LeaseHolder : IDisposable
{
    private static readonly int Length = $"{Guid.Empty}".Length;

    private readonly Lock _gate = new();
    private FileStream? _file;
    private string? _id;

    /// <summary>Makes it; the file is not touched before <see cref="Id"/> is asked for.</summary>
    public LeaseHolder(StorageOptions options)
    {
        if (options.Instance is not { Length: > 0 } instance)
            return;
        // Several apps may share a machine and be called by its name.
        var place = $"{instance}\n{options.ConnectionString ?? $"{options.ServiceUri}"}\n{options.Container}";
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)).AsSpan(0, 16));
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"ingress-reconciler-{name}.lease");
    }

    /// <summary>A place whose id is known, without a file: the caller sees to it that no two processes have it at the same time.</summary>
    internal LeaseHolder(string? id) => _id = id;

    /// <summary>The file; null where there is no place.</summary>
    public string? Path { get; }

    /// <summary>
    /// The place's id, a GUID; null while another process has it, and where there is no place or no file that can be locked: then each
    /// lease is taken under an id of its own, and that of a process which died is waited for.
    /// </summary>
    public string? Id
    {
        get
        {
            lock (_gate)
                return _id ??= Path is null ? null : Take(Path);
        }
    }

    /// <summary>Lets the next process have the place, under another id: whoever ends in order has given its leases back.</summary>
    public void Dispose()
    {
        if (_file is null)
            return;
        try
        {
            File.Delete(Path!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then the next one has the same id.
        }

        _file.Dispose();
    }

    private string? Take(string path)
    {
        FileStream? file = null;
        try
        {
            file = Open(path);
            if (IsLocked(path) && Read(file) is { } id)
            {
                (_file, file) = (file, null);
                return id;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process has the place, or nobody can.
        }
        finally
        {
            file?.Dispose();
        }

        return null;
    }

    /// <summary>Whether the lock keeps others out: there are file systems, and a setting of .NET, with which it keeps out nobody.</summary>
    private static bool IsLocked(string path)
    {
        try
        {
            Open(path).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string? Read(FileStream file)
    {
        var text = new byte[Length + 1];
        var read = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        if (read == 0)
        {
            var drawn = Guid.NewGuid();
            file.Write(Encoding.ASCII.GetBytes($"{drawn}"));
            return $"{drawn}";
        }

        // A file that somebody else has written is left as it is.
        return read == Length && Guid.TryParseExact(Encoding.ASCII.GetString(text, 0, read), "D", out var known) ? $"{known}" : null;
    }

    private static FileStream Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(path, options);
    }
}
