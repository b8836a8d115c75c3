// A powershell.exe that runs one script file and needs no console, which PowerShell's own program does: over Wine without a
// screen that one prints nothing. powershell.exe [-NoProfile] -File SCRIPT [ARGUMENT ...]
using System;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Text;

public static class Program
{
    public static int Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        int at = Array.FindIndex(arguments, each => each.Equals("-File", StringComparison.OrdinalIgnoreCase)) + 1;
        if (at == 0 || at == arguments.Length || !File.Exists(arguments[at]))
        {
            Console.Error.WriteLine("powershell.exe [-NoProfile] -File SCRIPT [ARGUMENT ...]: no such script");
            return 2;
        }
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        using Runspace runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        using PowerShell powershell = PowerShell.Create(runspace);
        powershell.AddCommand(arguments[at]);
        foreach (string argument in arguments.Skip(at + 1))
        {
            powershell.AddArgument(argument);
        }
        try
        {
            foreach (PSObject each in powershell.Invoke())
            {
                Console.Out.WriteLine(each);
            }
        }
        catch (RuntimeException error)
        {
            Console.Error.WriteLine($"{error.ErrorRecord}{Environment.NewLine}{error.ErrorRecord.ScriptStackTrace}");
            return 1;
        }
        foreach (ErrorRecord error in powershell.Streams.Error)
        {
            Console.Error.WriteLine($"{error}{Environment.NewLine}{error.ScriptStackTrace}");
        }
        return powershell.HadErrors ? 1 : 0;
    }
}
